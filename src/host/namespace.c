/* Namespaces for `imp exec`: a command whose only network is the lab.
 *
 * namespace_enter() is called by imp itself, before it makes TAP devices: they are then made where the command will see them, and their
 * descriptors are in this process already. Root needs no user namespace; anybody else gets one in which they are root, which gives the right
 * to mount and to manage the new network, and nothing outside.
 *
 * Names: the resolver's files are covered, not changed. Their new contents are written to a tmpfs that is mounted for a moment over /tmp of
 * our own mount namespace, bound over /etc/resolv.conf, /etc/hosts and /etc/nsswitch.conf, and then taken from /tmp again; the bindings keep
 * it alive. In nsswitch.conf only the `hosts` line changes, to "files dns", so that no local resolver daemon is asked, which would answer
 * from the machine's network; for the same reason a name service cache's socket folder is covered.
 *
 * Processes: the command gets a process namespace, whose first process is a few lines of ours: it starts the command, reaps orphans, passes
 * signals on, and ends with the command's status. The kernel kills everything else in the namespace when the first process ends, and the
 * first process asks to be killed when imp ends (PR_SET_PDEATHSIG). So a kill -9 of imp leaves nothing, whatever the command has started. A
 * pipe closes the gap in which imp might die before that request.
 *
 * Signals of the terminal (Ctrl-C) reach the command without our help, because it is in the same foreground group; only what was sent by
 * kill() is passed on.
 *
 * Left out on purpose: cgroups and seccomp. This is a change of view, not a jail. */
#include "host/namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "host/files.h"
#include "host/loop.h"
#include "host/netlink.h"

enum { LOOPBACK_INTERFACE = 1, EXIT_NOT_RUNNABLE = 126, EXIT_NOT_FOUND = 127 };

static int say(char *error, size_t error_bytes, const char *what)
{
    int code = errno;
    if (code == EPERM || code == EACCES)
        snprintf(error, error_bytes,
                 "%s is not allowed here: run as root, or allow user namespaces (kernel.unprivileged_userns_clone, AppArmor)",
                 what);
    else
        snprintf(error, error_bytes, "%s failed: %s", what, strerror(code));
    return host_error(code);
}

static int write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t took = write(fd, text, strlen(text));
    close(fd);
    return took == (ssize_t)strlen(text) ? 0 : -1;
}

/* In a new user namespace nobody is anybody until the maps are written: we become root in it. */
static int map_user(uid_t user, gid_t group)
{
    char map[64];
    if (write_text("/proc/self/setgroups", "deny") != 0 && errno != ENOENT)
        return -1;
    snprintf(map, sizeof(map), "0 %u 1", (unsigned)user);
    if (write_text("/proc/self/uid_map", map) != 0)
        return -1;
    snprintf(map, sizeof(map), "0 %u 1", (unsigned)group);
    return write_text("/proc/self/gid_map", map);
}

/* nsswitch.conf(5) with another `hosts` line. */
static void nsswitch_build(const char *before, struct text *out)
{
    while (*before) {
        size_t length = strcspn(before, "\n");
        const char *word = before + strspn(before, " \t");
        if (strncmp(word, "hosts:", 6) != 0)
            text_format(out, "%.*s\n", (int)length, before);
        before += length + (before[length] == '\n');
    }
    text_add(out, "hosts: files dns\n");
}

static int cover_file(const char *name, const char *content)
{
    char from[64], to[64];
    snprintf(from, sizeof(from), "/tmp/%s", name);
    snprintf(to, sizeof(to), "/etc/%s", name);
    if (access(to, F_OK) != 0)
        return strcmp(name, "resolv.conf") == 0 ? -1 : 0;
    if (host_file_write(from, content, strlen(content), 0644) != 0)
        return -1;
    return mount(from, to, NULL, MS_BIND, NULL);
}

static int cover_files(const struct namespace_settings *settings)
{
    struct text nsswitch = {0};
    size_t length;
    int error;
    uint8_t *before = host_file_read("/etc/nsswitch.conf", HOST_CONFIG_BYTES_MAX, &length, &error);
    nsswitch_build(before ? (const char *)before : "", &nsswitch);
    memory_free(before);
    int failed = mount("imp", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=1m");
    if (!failed) {
        failed = cover_file("resolv.conf", settings->resolv_conf);
        failed = failed ? failed : cover_file("hosts", settings->hosts);
        failed = failed ? failed : cover_file("nsswitch.conf", text_string(&nsswitch));
        if (!failed && mkdir("/tmp/empty", 0755) == 0 && access("/run/nscd", F_OK) == 0)
            (void)mount("/tmp/empty", "/run/nscd", NULL, MS_BIND, NULL);
        int code = errno;
        (void)umount2("/tmp", MNT_DETACH);
        errno = code;
    }
    text_free(&nsswitch);
    return failed;
}

int namespace_enter(const struct namespace_settings *settings, char *error, size_t error_bytes)
{
    uid_t user = geteuid();
    gid_t group = getegid();
    int spaces = CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWUTS | (user == 0 ? 0 : CLONE_NEWUSER);
    if (unshare(spaces) != 0)
        return say(error, error_bytes, "making namespaces");
    if (user != 0 && map_user(user, group) != 0)
        return say(error, error_bytes, "becoming root in a user namespace");
    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        return say(error, error_bytes, "making mounts private");
    if (cover_files(settings) != 0)
        return say(error, error_bytes, "covering /etc/resolv.conf");
    (void)!sethostname(settings->host_name, strlen(settings->host_name));
    (void)write_text("/proc/sys/net/ipv4/ping_group_range", "0 2147483647"); /* ping(8) without privileges */
    if (settings->forwarding) {
        (void)write_text("/proc/sys/net/ipv4/ip_forward", "1");
        (void)write_text("/proc/sys/net/ipv6/conf/all/forwarding", "1");
    }
    int fd = netlink_open();
    if (fd < 0 || netlink_link_up(fd, LOOPBACK_INTERFACE) != 0)
        return say(error, error_bytes, "setting up the loopback interface");
    close(fd);
    return 0;
}

/* ---- the first process of the command's namespace ---- */

/* Is there any file of that name on the PATH? execvp() says "permission denied" when it could not look into one of the folders. */
static bool on_path(const char *name)
{
    const char *path = getenv("PATH");
    char file[4096];
    for (const char *at = path; at; at = strchr(at, ':') ? strchr(at, ':') + 1 : NULL) {
        snprintf(file, sizeof(file), "%.*s/%s", (int)strcspn(at, ":"), at, name);
        if (access(file, F_OK) == 0)
            return true;
    }
    return false;
}

static void run_command(char *const argv[], const sigset_t *mask)
{
    sigprocmask(SIG_SETMASK, mask, NULL);
    execvp(argv[0], argv);
    int code = errno == EACCES && !strchr(argv[0], '/') && !on_path(argv[0]) ? ENOENT : errno;
    struct text message = {0};
    text_format(&message, "imp exec: cannot run '%s': %s\n", argv[0], strerror(code));
    (void)host_write_all(STDERR_FILENO, text_string(&message), message.length);
    _exit(code == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_RUNNABLE);
}

int namespace_exit_status(int wait_status)
{
    return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : 1;
}

static _Noreturn void first_process(char *const argv[], const sigset_t *mask, int parent_pipe)
{
    struct pollfd parent = {.fd = parent_pipe, .events = POLLIN};
    sigset_t all;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (poll(&parent, 1, 0) != 0) /* the other end is closed: imp died before the line above */
        _exit(EXIT_FAILURE);
    sigemptyset(&all);
    for (size_t i = 0; i < 5; i++)
        sigaddset(&all, (int[]){SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGQUIT}[i]);
    sigprocmask(SIG_BLOCK, &all, NULL);
    (void)mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL); /* so that ps tells of this namespace */
    pid_t command = fork();
    if (command == 0)
        run_command(argv, mask);
    while (command > 0) {
        siginfo_t info;
        int status, number = sigwaitinfo(&all, &info);
        if (number > 0 && number != SIGCHLD && info.si_code == SI_USER)
            kill(command, number);
        pid_t ended;
        while ((ended = waitpid(-1, &status, WNOHANG)) > 0)
            if (ended == command)
                _exit(namespace_exit_status(status));
    }
    _exit(EXIT_NOT_RUNNABLE);
}

int namespace_spawn(char *const argv[], const sigset_t *mask, pid_t *process, char *error, size_t error_bytes)
{
    int pipe_ends[2];
    if (pipe2(pipe_ends, O_CLOEXEC) != 0)
        return say(error, error_bytes, "making a pipe");
    /* A fork into new namespaces (mounts too, for /proc); unshare() would put every later child of ours there too, into a namespace that may be dead by then. */
    pid_t child = (pid_t)syscall(SYS_clone, CLONE_NEWPID | CLONE_NEWNS | SIGCHLD, NULL, NULL, NULL, NULL);
    if (child < 0)
        return say(error, error_bytes, "making a process namespace");
    if (child == 0) {
        close(pipe_ends[1]);
        first_process(argv, mask, pipe_ends[0]);
    }
    close(pipe_ends[0]); /* our end stays open for our life */
    *process = child;
    return 0;
}
