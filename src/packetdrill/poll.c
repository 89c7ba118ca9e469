/* poll() and epoll.
 *
 * What a descriptor is ready for is asked of it anew each time (descriptor_events), so there are no queues of events. An epoll set is a
 * list of what is watched. Level-triggered entries are told whenever they are ready; edge-triggered ones when they are ready and were
 * woken since they were last told (struct descriptor.ins, outs); one-shot ones are asleep after one telling until EPOLL_CTL_MOD.
 *
 * The values of POLLIN and EPOLLIN and their kin are the same on Linux. Errors and hang-ups are told without being asked for.
 * Time-outs are in virtual time: at most so many milliseconds, none when negative. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/memory.h"
#include "packetdrill/descriptor.h"
#include "packetdrill/socket.h"

struct watch {
    struct list link;
    int fd;
    struct descriptor *descriptor; /* as long as this serial is behind the number: another one is not watched */
    uint64_t serial;
    uint32_t events;
    epoll_data_t data;
    uint64_t told_in, told_out, told_errors; /* wake-ups at the last telling, + 1; 0: never */
    bool asleep;
};
struct epoll_set {
    struct descriptor descriptor;
    struct list watches;
};
struct poll_call {
    struct pollfd *fds;
    unsigned long count;
    int found;
};
struct epoll_call {
    struct epoll_set *set;
    struct epoll_event *events;
    int maximum, found;
};

static struct instant deadline_of(const struct drill *drill, int timeout_ms)
{
    return timeout_ms < 0 ? INSTANT_NEVER : instant_add(drill_now(drill), timeout_ms * NS_PER_MS);
}

static bool poll_look(struct drill *drill, void *context)
{
    struct poll_call *call = context;
    call->found = 0;
    for (unsigned long i = 0; i < call->count; i++) {
        struct pollfd *at = &call->fds[i];
        at->revents = 0;
        if (at->fd < 0)
            continue;
        struct descriptor *descriptor = at->fd < LIMIT_DESCRIPTORS ? drill->descriptors[at->fd] : NULL;
        if (!descriptor)
            at->revents = POLLNVAL;
        else
            at->revents = (short)(descriptor_events(drill, descriptor) & (at->events | POLLERR | POLLHUP));
        call->found += at->revents != 0;
    }
    return call->found > 0;
}

int poll_wait(struct drill *drill, struct pollfd *fds, unsigned long count, int timeout_ms)
{
    struct poll_call call = {fds, count, 0};
    (void)drill_wait(drill, poll_look, &call, deadline_of(drill, timeout_ms));
    return call.found;
}

/* ---- epoll ---- */

static void watch_remove(struct watch *watch)
{
    list_remove(&watch->link);
    memory_free(watch);
}

static void set_destroy(struct drill *drill, struct descriptor *descriptor)
{
    (void)drill;
    struct epoll_set *set = (struct epoll_set *)descriptor;
    list_each (link, &set->watches)
        watch_remove(list_entry(link, struct watch, link));
    memory_free(set);
}

int epoll_make(struct drill *drill, int size)
{
    if (size <= 0)
        return fail(EINVAL);
    struct epoll_set *set = memory_take_zeroed(1, sizeof *set);
    set->descriptor = (struct descriptor){.kind = DESCRIPTOR_EPOLL, .destroy = set_destroy};
    list_init(&set->watches);
    return descriptor_add(drill, &set->descriptor);
}

static struct watch *watch_find(struct epoll_set *set, int fd, const struct descriptor *descriptor)
{
    list_each (link, &set->watches) {
        struct watch *watch = list_entry(link, struct watch, link);
        if (watch->fd == fd && watch->serial == descriptor->serial)
            return watch;
    }
    return NULL;
}

static int change(struct epoll_set *set, int operation, int fd, struct descriptor *descriptor, const struct epoll_event *event)
{
    struct watch *watch = watch_find(set, fd, descriptor);
    if (operation != EPOLL_CTL_ADD && operation != EPOLL_CTL_MOD && operation != EPOLL_CTL_DEL)
        return fail(EINVAL);
    if (operation == EPOLL_CTL_ADD && watch)
        return fail(EEXIST);
    if (operation != EPOLL_CTL_ADD && !watch)
        return fail(ENOENT);
    if (operation == EPOLL_CTL_DEL) {
        watch_remove(watch);
        return 0;
    }
    if (!event)
        return fail(EFAULT);
    if (!watch) {
        watch = memory_take_zeroed(1, sizeof *watch);
        watch->fd = fd;
        watch->descriptor = descriptor;
        watch->serial = descriptor->serial;
        list_push_back(&set->watches, &watch->link);
    }
    watch->events = event->events | EPOLLERR | EPOLLHUP;
    watch->data = event->data;
    watch->told_in = watch->told_out = watch->told_errors = 0;
    watch->asleep = false;
    return 0;
}

int epoll_change(struct drill *drill, int epoll_fd, int operation, int fd, const struct epoll_event *event)
{
    struct descriptor *set = descriptor_hold(drill, epoll_fd);
    if (!set)
        return -1;
    struct descriptor *descriptor = descriptor_hold(drill, fd);
    int result = -1;
    if (descriptor && (set->kind != DESCRIPTOR_EPOLL || descriptor->kind == DESCRIPTOR_EPOLL))
        errno = EINVAL;
    else if (descriptor)
        result = change((struct epoll_set *)set, operation, fd, descriptor, event);
    if (descriptor)
        descriptor_release(drill, descriptor);
    descriptor_release(drill, set);
    return result;
}

/* Someone whom the watch asks for was woken since it last told. */
static bool edge_passed(const struct watch *watch)
{
    const uint32_t in = EPOLLIN | EPOLLRDNORM | EPOLLRDHUP | EPOLLPRI, out = EPOLLOUT | EPOLLWRNORM;
    return (watch->events & in && watch->told_in != watch->descriptor->ins + 1) ||
           (watch->events & out && watch->told_out != watch->descriptor->outs + 1) ||
           (watch->told_errors && watch->told_errors != watch->descriptor->errors + 1); /* errors are told unasked */
}

static bool epoll_look(struct drill *drill, void *context)
{
    struct epoll_call *call = context;
    call->found = 0;
    list_each (link, &call->set->watches) {
        struct watch *watch = list_entry(link, struct watch, link);
        const struct descriptor *there = drill->descriptors[watch->fd];
        if (!there || there->serial != watch->serial) { /* closed: it leaves the set by itself */
            watch_remove(watch);
            continue;
        }
        bool news = !(watch->events & EPOLLET) || edge_passed(watch);
        if (watch->asleep || !news || call->found == call->maximum)
            continue; /* not looked at: who looks at a full socket is told of room */
        uint32_t events = (uint16_t)descriptor_events(drill, watch->descriptor) & watch->events;
        if (!events)
            continue;
        call->events[call->found++] = (struct epoll_event){.events = events, .data = watch->data};
        watch->told_in = watch->descriptor->ins + 1;
        watch->told_out = watch->descriptor->outs + 1;
        watch->told_errors = watch->descriptor->errors + 1;
        watch->asleep = watch->events & EPOLLONESHOT;
    }
    return call->found > 0;
}

int epoll_collect(struct drill *drill, int epoll_fd, struct epoll_event *events, int maximum, int timeout_ms)
{
    struct descriptor *set = descriptor_hold(drill, epoll_fd);
    if (!set)
        return -1;
    int result = -1;
    if (set->kind != DESCRIPTOR_EPOLL || maximum <= 0) {
        errno = EINVAL;
    } else {
        struct epoll_call call = {(struct epoll_set *)set, events, maximum, 0};
        (void)drill_wait(drill, epoll_look, &call, deadline_of(drill, timeout_ms));
        result = call.found;
    }
    descriptor_release(drill, set);
    return result;
}
