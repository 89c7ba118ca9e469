/* What the program would ask the kernel of our descriptors.
 *
 * packetdrill has been taught to make its system calls through the table, but for a few, which it makes of the kernel even then:
 *   - at the end it gives what a script left open to close()
 *   - before a script's code runs, it gets TCP_INFO, TCP_CC_INFO and SO_MEMINFO with getsockopt()
 *   - the table has no sendfile()
 * The kernel knows nothing of our sockets, and the script would fail. So while a world exists, those three functions lead here in the
 * program that loaded us (in it alone, not in its libraries): a call that names a descriptor of ours is answered by the world that has it, any
 * other goes on to the C library. Descriptors are real numbers (descriptor.c), so there is no mistaking one for the program's own.
 *
 * A dynamically linked program calls a library's function through a slot that the loader fills in, by a table of relocations in which the
 * function is named (ELF gABI, chapter 5; psABI: R_X86_64_JUMP_SLOT, R_AARCH64_JUMP_SLOT and the like). We find the slots by these tables
 * and put our functions in; when the last world ends, what was there is put back. Where the program has no such slots, because it is
 * linked statically or has been taught the rest as well, nothing happens.
 *
 * The lock is around the list of worlds only, never held during a call. A world's own lock is taken inside it, never the other way round. */
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "packetdrill/packetdrill_interface.h"
#include "packetdrill/socket.h"

#if defined __x86_64__
enum { TO_FUNCTION = R_X86_64_JUMP_SLOT, TO_ADDRESS = R_X86_64_GLOB_DAT };
#elif defined __aarch64__
enum { TO_FUNCTION = R_AARCH64_JUMP_SLOT, TO_ADDRESS = R_AARCH64_GLOB_DAT };
#else
enum { TO_FUNCTION = -1, TO_ADDRESS = -1 };
#endif
enum { LIMIT_SLOTS = 16, LIMIT_SENDFILE = 1 << 20 };

struct slot {
    void **place, *before;
};
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct list worlds = {&worlds, &worlds};
static struct packetdrill_interface calls; /* the same in all worlds, but for the world */
static struct slot slots[LIMIT_SLOTS];
static unsigned slot_count;

/* ---- the functions that the program finds ---- */

static struct drill *world_of(int fd)
{
    struct drill *found = NULL;
    pthread_mutex_lock(&lock);
    list_each (link, &worlds) {
        struct drill *drill = list_entry(link, struct drill, link);
        pthread_mutex_lock(&drill->lock);
        if (fd >= 0 && fd < LIMIT_DESCRIPTORS && drill->descriptors[fd])
            found = drill;
        pthread_mutex_unlock(&drill->lock);
    }
    pthread_mutex_unlock(&lock);
    return found;
}

static int outside_close(int fd)
{
    struct drill *drill = world_of(fd);
    return drill ? calls.close(drill, fd) : close(fd);
}

static int outside_getsockopt(int fd, int level, int name, void *value, socklen_t *length)
{
    struct drill *drill = world_of(fd);
    return drill ? calls.getsockopt(drill, fd, level, name, value, length) : getsockopt(fd, level, name, value, length);
}

/* In pieces of a limited size, as the kernel does; all but the last say that more is to come. */
static ssize_t outside_sendfile(int out, int in, off_t *offset, size_t count)
{
    struct drill *drill = world_of(out);
    if (!drill)
        return sendfile(out, in, offset, count);
    uint8_t *bytes = memory_take(LIMIT_SENDFILE);
    off_t at = offset ? *offset : lseek(in, 0, SEEK_CUR);
    size_t sent = 0;
    ssize_t n = 0;
    while (sent < count) {
        size_t wanted = count - sent < LIMIT_SENDFILE ? count - sent : LIMIT_SENDFILE;
        ssize_t got = n = pread(in, bytes, wanted, at);
        uint8_t next;
        bool more = got > 0 && sent + (size_t)got < count && pread(in, &next, 1, at + got) == 1;
        if (got > 0)
            n = calls.send(drill, out, bytes, (size_t)got, more ? MSG_MORE : 0);
        if (n <= 0)
            break;
        sent += (size_t)n;
        at += n;
        if (n < got)
            break;
    }
    int error = errno;
    memory_free(bytes);
    if (offset)
        *offset = at;
    else if (sent)
        (void)lseek(in, at, SEEK_SET);
    errno = error;
    return sent ? (ssize_t)sent : n;
}

/* ---- the slots ---- */

static void *stand_in(const char *name)
{
    union { /* ISO C has no conversion from a function's address to an object's */
        int (*close)(int fd);
        int (*getsockopt)(int fd, int level, int name, void *value, socklen_t *length);
        ssize_t (*sendfile)(int out, int in, off_t *offset, size_t count);
        void *object;
    } ours = {.object = NULL};
    if (strcmp(name, "close") == 0)
        ours.close = outside_close;
    else if (strcmp(name, "getsockopt") == 0)
        ours.getsockopt = outside_getsockopt;
    else if (strcmp(name, "sendfile") == 0 || strcmp(name, "sendfile64") == 0)
        ours.sendfile = outside_sendfile;
    return ours.object;
}

static bool put(void **place, void *value)
{
    uintptr_t page = (uintptr_t)place & ~((uintptr_t)sysconf(_SC_PAGESIZE) - 1);
    union {
        uintptr_t number;
        void *pointer;
    } start = {page};
    size_t length = (uintptr_t)(place + 1) - page;
    if (mprotect(start.pointer, length, PROT_READ | PROT_WRITE) != 0) /* the loader may have made it read-only */
        return false;
    *place = value;
    return true;
}

struct tables { /* of the program, as its dynamic section says where they are */
    ElfW(Addr) base;
    const ElfW(Rela) * relocations[2];
    size_t bytes[2];
    const ElfW(Sym) * symbols;
    const char *names;
};

static const void *at_address(ElfW(Addr) base, ElfW(Addr) address)
{
    union {
        uintptr_t number;
        const void *pointer;
    } at = {address < base ? base + address : address}; /* the loader may have added the base already */
    return at.pointer;
}

static void slots_fill(const struct tables *tables)
{
    for (unsigned t = 0; t < 2; t++)
        for (size_t i = 0; tables->relocations[t] && i < tables->bytes[t] / sizeof(ElfW(Rela)); i++) {
            const ElfW(Rela) *at = &tables->relocations[t][i];
            int type = (int)ELF64_R_TYPE(at->r_info);
            if (type != TO_FUNCTION && type != TO_ADDRESS)
                continue;
            void *ours = stand_in(tables->names + tables->symbols[ELF64_R_SYM(at->r_info)].st_name);
            union {
                uintptr_t number;
                void **pointer;
            } place = {tables->base + at->r_offset};
            if (!ours || slot_count == LIMIT_SLOTS)
                continue;
            slots[slot_count] = (struct slot){place.pointer, *place.pointer};
            slot_count += put(place.pointer, ours);
        }
}

/* Called for each loaded object; the first is the program. */
static int program_look(struct dl_phdr_info *object, size_t size, void *unused)
{
    (void)size;
    (void)unused;
    struct tables tables = {.base = object->dlpi_addr};
    const ElfW(Dyn) *dynamic = NULL;
    for (unsigned i = 0; i < object->dlpi_phnum; i++)
        if (object->dlpi_phdr[i].p_type == PT_DYNAMIC)
            dynamic = at_address(0, object->dlpi_addr + object->dlpi_phdr[i].p_vaddr);
    for (; dynamic && dynamic->d_tag != DT_NULL; dynamic++)
        switch (dynamic->d_tag) {
        case DT_JMPREL: tables.relocations[0] = at_address(tables.base, dynamic->d_un.d_ptr); break;
        case DT_PLTRELSZ: tables.bytes[0] = dynamic->d_un.d_val; break;
        case DT_RELA: tables.relocations[1] = at_address(tables.base, dynamic->d_un.d_ptr); break;
        case DT_RELASZ: tables.bytes[1] = dynamic->d_un.d_val; break;
        case DT_SYMTAB: tables.symbols = at_address(tables.base, dynamic->d_un.d_ptr); break;
        case DT_STRTAB: tables.names = at_address(tables.base, dynamic->d_un.d_ptr); break;
        default: break;
        }
    if (tables.symbols && tables.names)
        slots_fill(&tables);
    return 1;
}

void outside_begin(struct drill *drill, const struct packetdrill_interface *table)
{
    pthread_mutex_lock(&lock);
    if (list_empty(&worlds)) {
        calls = *table;
        dl_iterate_phdr(program_look, NULL);
    }
    list_push_back(&worlds, &drill->link);
    pthread_mutex_unlock(&lock);
}

void outside_end(struct drill *drill)
{
    pthread_mutex_lock(&lock);
    list_remove(&drill->link);
    if (list_empty(&worlds))
        while (slot_count)
            slot_count--, (void)put(slots[slot_count].place, slots[slot_count].before);
    pthread_mutex_unlock(&lock);
}
