#ifndef IMP_HOST_NAMESPACE_H
#define IMP_HOST_NAMESPACE_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* A place of its own for a command: namespaces for the network, mounts and the host's name, and for processes. All of it is anonymous:
 * when the last process in it is gone, by whatever end, the kernel removes it, and nothing was ever visible outside. */
struct namespace_settings {
    const char *host_name;
    const char *resolv_conf; /* the texts of /etc/resolv.conf and /etc/hosts as the command sees them */
    const char *hosts;
    bool forwarding; /* the kernel forwards packets here, as a router does */
};
/* This process enters new namespaces (as an ordinary user: through a user namespace, in which it is root) and sets them up; `lo` is up.
 * It cannot come back. 0, or an error and one sentence for the person. */
int namespace_enter(const struct namespace_settings *settings, char *error, size_t error_bytes);

/* Runs a command in a new process namespace, with this signal mask. The process returned is the namespace's first: it ends
 * when the command does, with the command's exit status or 128+n for a signal, and everything else there ends with it; it also ends
 * when its parent does. SIGINT, SIGTERM, SIGHUP and SIGQUIT sent to it by kill() reach the command. */
int namespace_spawn(char *const argv[], const sigset_t *mask, pid_t *process, char *error, size_t error_bytes);

/* What wait() told, as a shell says it: the exit status, or 128+n. */
int namespace_exit_status(int wait_status);

#endif
