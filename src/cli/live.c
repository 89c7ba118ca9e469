/* What `imp exec` and `imp shell` share: a lab that has settled in virtual time (addresses by DHCP, routers found, in milliseconds of ours) and
 * then goes on by the wall clock while a real program uses it.
 *
 * The switch is nothing but the loop: it takes the instant where the lab stands as its zero and fires what is due. The scenario of the lab
 * file is not played: here the person is the scenario.
 *
 * While a child runs, the terminal's signals are its business. Ctrl-C is sent by the terminal to the whole foreground group, so we only
 * keep it from ending us; a signal that somebody sent to us by kill() is passed on, and we end when the child does. */
#include "cli/live.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "cli/command.h"
#include "cli/faults.h"
#include "engine/node.h"

enum { NAMES_MAX = 256 };

static void complain_of_node(const struct live *live, const char *command)
{
    const char *names[NAMES_MAX + 1] = {NULL};
    size_t count = 0;
    for (struct node *node = NULL; count < NAMES_MAX && (node = node_next(world_engine(live->world), node));)
        names[count++] = node->name;
    const char *nearest = text_nearest(live->node_name, names);
    fprintf(stderr, "imp %s: the lab '%s' has no node '%s'", command, lab_name(live->lab), live->node_name);
    fprintf(stderr, nearest ? " (did you mean '%s'?)\n" : "\n", nearest);
}

int live_start(struct live *live, const char *command, const char *lab_path, const char *node_name)
{
    struct text sentence = {0};
    int status = EXIT_FAULT;
    *live = (struct live){.node_name = node_name};
    if (!(live->lab = faults_load(lab_path)))
        return EXIT_FAULT;
    if (world_create(live->lab, &(struct world_options){0}, &sentence, &live->world) != 0) {
        fprintf(stderr, "imp %s: %s\n", command, text_string(&sentence));
    } else if (!(live->node = world_node(live->world, node_name))) {
        complain_of_node(live, command);
    } else if (!world_net(live->world, node_name)) {
        fprintf(stderr, "imp %s: '%s' is no host and no router: nothing can run on it\n", command, node_name);
    } else {
        if (!world_settle(live->world)) {
            world_unsettled(live->world, &sentence);
            fprintf(stderr, "imp %s: warning: after %d s of its time the lab is not settled: %s\n", command,
                    WORLD_SETTLE_LIMIT_S, text_string(&sentence));
        }
        live->loop = loop_create(world_engine(live->world));
        status = live->loop ? 0 : EXIT_FAULT;
        if (status)
            fprintf(stderr, "imp %s: no event loop: %s\n", command, strerror(errno));
    }
    text_free(&sentence);
    if (status)
        live_end(live);
    return status;
}

void live_end(struct live *live)
{
    if (live->loop)
        loop_destroy(live->loop);
    if (live->world)
        world_destroy(live->world, NULL);
    if (live->lab)
        lab_free(live->lab);
    *live = (struct live){.lab = NULL};
}

struct child_wait {
    struct loop *loop;
    pid_t child;
    int status;
    bool ended;
};

static void look_for_end(struct child_wait *wait)
{
    if (!wait->ended && waitpid(wait->child, &wait->status, WNOHANG) == wait->child) {
        wait->ended = true;
        loop_stop(wait->loop);
    }
}

static void signal_came(void *context, const struct signalfd_siginfo *info)
{
    struct child_wait *wait = context;
    if (info->ssi_signo == SIGCHLD)
        look_for_end(wait);
    else if (info->ssi_code == SI_USER && !wait->ended)
        kill(wait->child, (int)info->ssi_signo);
}

static const int SIGNALS[] = {SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGQUIT};

void live_hold_signals(sigset_t *before)
{
    sigset_t held;
    sigemptyset(&held);
    for (size_t i = 0; i < count_of(SIGNALS); i++)
        sigaddset(&held, SIGNALS[i]);
    sigprocmask(SIG_BLOCK, &held, before);
}

int live_run_child(struct live *live, pid_t child)
{
    struct child_wait wait = {.loop = live->loop, .child = child};
    loop_signals(live->loop, SIGNALS, count_of(SIGNALS), signal_came, &wait);
    look_for_end(&wait); /* it may have ended before the line above */
    while (!wait.ended)
        (void)loop_run(live->loop, INSTANT_NEVER);
    loop_signals_release(live->loop);
    return wait.status;
}
