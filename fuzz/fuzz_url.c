/* Fuzzes URLs: what parses must print and parse again to the same, and no path may climb. */
#include <assert.h>
#include <string.h>

#include "application/http/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    const char *text = arena_copy_bytes(&arena, data, size);
    struct url url, again, base;
    if (!url_parse(text, &arena, &url, NULL)) {
        const char *printed = url_print(&url, &arena);
        assert(!url_parse(printed, &arena, &again, NULL));
        assert(!strcmp(url_print(&again, &arena), printed));
    }
    assert(!url_parse("http://a/b/c", &arena, &base, NULL));
    if (!url_resolve(&base, text, &arena, &url))
        assert(url.path[0] == '/');
    char path[256];
    if (!url_safe_path(text, path, sizeof path)) {
        assert(path[0] == '/' && !strstr(path, "/../"));
        size_t length = strlen(path);
        assert(length < 3 || strcmp(path + length - 3, "/..") != 0);
    }
    arena_free(&arena);
    return 0;
}
