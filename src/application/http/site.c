/* The site: what a web server has to show.
 *
 * All content is in memory before the first request: pages written in the lab file, files and folders read once at start-up, and generated
 * bodies that take no memory at all. Files lie in blocks, so that a server lends them to its connections and copies nothing. A request's
 * path is only ever a key into one table, so a path can not climb out of the root, whatever it holds, and a lab's answers do not depend on a
 * disk.
 *
 * Every page gets a strong entity tag from the hash of its content unless it brings its own, so that two machines with the same
 * content give the same bytes; for the same reason a file's own modification time is not used (a checkout changes it): a
 * page has a Last-Modified when the lab file says so.
 *
 * Left out on purpose: lists of a folder's files, negotiation of language or encoding, scripts. */
#include "application/http/site.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "application/http/message.h"
#include "application/http/url.h"
#include "application/limits.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/memory.h"
#include "host/folder.h"

const char *web_type_of(const char *path)
{
    static const char *const TYPES[][2] = {
        {"html", "text/html; charset=utf-8"},
        {"htm", "text/html; charset=utf-8"},
        {"txt", "text/plain; charset=utf-8"},
        {"css", "text/css"},
        {"js", "text/javascript"},
        {"mjs", "text/javascript"},
        {"json", "application/json"},
        {"xml", "application/xml"},
        {"csv", "text/csv"},
        {"md", "text/markdown; charset=utf-8"},
        {"svg", "image/svg+xml"},
        {"png", "image/png"},
        {"jpg", "image/jpeg"},
        {"jpeg", "image/jpeg"},
        {"gif", "image/gif"},
        {"webp", "image/webp"},
        {"ico", "image/vnd.microsoft.icon"},
        {"pdf", "application/pdf"},
        {"wasm", "application/wasm"},
        {"woff2", "font/woff2"},
        {"gz", "application/gzip"},
        {"zip", "application/zip"},
        {"mp4", "video/mp4"},
        {"mp3", "audio/mpeg"},
    };
    const char *name = strrchr(path, '/');
    const char *dot = strrchr(name ? name : path, '.');
    if (dot)
        for (size_t i = 0; i < count_of(TYPES); i++)
            if (!strcasecmp(dot + 1, TYPES[i][0]))
                return TYPES[i][1];
    return "application/octet-stream";
}

void web_page_copy(const struct web_page *page, uint64_t at, void *out, size_t length)
{
    if (page->data) {
        memcpy(out, page->data + at, length);
        return;
    }
    char *to = out;
    while (length) { /* one line of 64 bytes at a time, from wherever in it the copy starts */
        char line[65];
        snprintf(line, sizeof line, "%012llu abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVW\n",
                 (unsigned long long)(at / 64 % 1000000000000u));
        size_t from = at % 64, n = 64 - from < length ? 64 - from : length;
        memcpy(to, line + from, n);
        to += n;
        at += n;
        length -= n;
    }
}

static const char *make_etag(const struct web_page *page, struct arena *arena)
{
    uint8_t sum[32];
    if (page->data)
        sha256(page->data, page->size, sum);
    else
        sha256(&(uint64_t){page->size ^ UINT64_C(0x67656e6572617465)}, sizeof(uint64_t), sum);
    uint64_t tag = 0;
    for (int i = 0; i < 8; i++)
        tag = tag << 8 | sum[i];
    return arena_format(arena, "\"%016llx\"", (unsigned long long)tag);
}

const struct web_page *web_site_find(const struct web_site *site, const char *path)
{
    return map_get(&site->pages, path, strlen(path));
}

void web_site_free(struct web_site *site)
{
    for (struct web_page *page = site->first_file; page; page = page->next_file)
        block_release(page->block); /* connections that still send of it hold their own */
    site->first_file = NULL;
    map_free(&site->pages);
}

/* The file's bytes become the page's, in a block that can be lent to any number of clients; its sums are taken here, once. */
static int load_block(struct web_site *site, struct web_page *page, const char *file, uint64_t limit)
{
    int code = host_folder_block(file, limit, &page->block);
    if (code)
        return code;
    block_sum(page->block);
    page->data = page->block->data;
    page->size = page->block->capacity;
    page->next_file = site->first_file;
    site->first_file = page;
    return 0;
}

/* Where the bytes come from; "text", "body", "file", "size" and "echo" exclude each other. */
static int load_body(struct web_site *site, struct web_page *page, const struct web_page_config *config, char *error,
                     size_t error_bytes)
{
    const char *text = config->text ? config->text : config->body;
    int sources = (config->text != NULL) + (config->body != NULL) + (config->file != NULL) + (config->size != 0) + config->echo;
    if (sources > 1) {
        snprintf(error, error_bytes, "page %s: only one of body, file, size and echo can be given", config->path);
        return IMP_INVALID;
    }
    page->size = config->size;
    if (config->file) {
        int code = load_block(site, page, config->file, LIMIT_WEB_FOLDER_BYTES);
        if (code)
            snprintf(error, error_bytes, "page %s: cannot read %s: %s", config->path, config->file, imp_error_text(code));
        return code;
    }
    if (!config->size) {
        page->data = (const uint8_t *)(text ? text : "");
        page->size = strlen((const char *)page->data);
    }
    return 0;
}

static int check_texts(const struct web_page_config *config, char *error, size_t error_bytes)
{
    if (config->etag && !http_etag_is_valid(config->etag)) {
        snprintf(error, error_bytes, "page %s: an entity tag looks like \"v1\", with its quotes", config->path);
        return IMP_INVALID;
    }
    if (config->type && !http_is_field_value(config->type, strlen(config->type))) {
        snprintf(error, error_bytes, "page %s: a control character in its type", config->path);
        return IMP_INVALID;
    }
    for (size_t i = 0; i < config->header_count; i++) {
        const struct web_header *header = &config->headers[i];
        if (!http_is_token(header->name, strlen(header->name)) || !header->value ||
            !http_is_field_value(header->value, strlen(header->value))) {
            snprintf(error, error_bytes, "page %s: \"%s\" is not a valid header", config->path, header->name);
            return IMP_INVALID;
        }
    }
    return 0;
}

int web_site_add(struct web_site *site, const struct web_page_config *config, struct arena *arena, char *error,
                 size_t error_bytes)
{
    struct web_page *page = arena_take(arena, sizeof *page);
    char path[LIMIT_WEB_PATH_BYTES];
    const char *written = *config->path == '/' ? config->path : arena_format(arena, "/%s", config->path);
    if (url_safe_path(written, path, sizeof path)) {
        snprintf(error, error_bytes, "page %s: not a valid path", config->path);
        return IMP_INVALID;
    }
    int code = check_texts(config, error, error_bytes);
    if (!code)
        code = load_body(site, page, config, error, error_bytes);
    if (code)
        return code;
    page->path = arena_copy_text(arena, path);
    page->modified_s = -1;
    if (config->modified && http_date_parse(config->modified, &page->modified_s)) {
        snprintf(error, error_bytes, "page %s: modified wants a date such as \"Sun, 06 Nov 1994 08:49:37 GMT\"", config->path);
        return IMP_INVALID;
    }
    page->status = config->status ? config->status : 200;
    page->type = config->type ? config->type : web_type_of(config->file ? config->file : path);
    if (!config->type && !config->file && !strchr(path, '.')) /* a text typed into the lab file */
        page->type =
            page->data && strchr((const char *)page->data, '<') ? "text/html; charset=utf-8" : "text/plain; charset=utf-8";
    page->etag = config->etag ? config->etag : config->echo ? NULL : make_etag(page, arena);
    page->headers = config->headers;
    page->header_count = config->header_count;
    page->echo = config->echo;
    page->chunked = config->chunked;
    page->delay_ns = config->delay_ns;
    map_put(&site->pages, page->path, strlen(page->path), page);
    return 0;
}

/* ---- folders ---- */

struct folder_load {
    struct web_site *site;
    struct arena *arena;
    char *error;
    size_t error_bytes;
};

static int load_file(void *context, const char *path, const char *file)
{
    struct folder_load *load = context;
    struct web_site *site = load->site;
    if (web_site_find(site, path))
        return 0;
    struct web_page *page = arena_take(load->arena, sizeof *page);
    int code = ++site->files > LIMIT_WEB_FOLDER_FILES || strlen(path) >= LIMIT_WEB_PATH_BYTES ? IMP_LIMIT : 0;
    if (!code)
        code = load_block(site, page, file, LIMIT_WEB_FOLDER_BYTES - site->bytes);
    if (code == IMP_DENIED) /* not ours to show; the rest is */
        return 0;
    if (code) {
        snprintf(load->error, load->error_bytes, "%s: %s", file,
                 code == IMP_LIMIT ? "the folder holds more than the server may load" : imp_error_text(code));
        return code;
    }
    site->bytes += page->size;
    page->path = arena_copy_text(load->arena, path);
    page->status = 200;
    page->modified_s = -1;
    page->type = web_type_of(path);
    page->etag = make_etag(page, load->arena);
    map_put(&site->pages, path, strlen(path), page);
    return 0;
}

int web_site_add_folder(struct web_site *site, const char *folder, struct arena *arena, char *error, size_t error_bytes)
{
    struct folder_load load = {site, arena, error, error_bytes};
    *error = 0;
    int code = host_folder_walk(folder, LIMIT_WEB_FOLDER_DEPTH, load_file, &load);
    if (code && !*error)
        snprintf(error, error_bytes, "cannot read the folder %s: %s", folder, imp_error_text(code));
    return code;
}
