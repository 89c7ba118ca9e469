/* What whole labs cost: bringing up labs/campus.yaml, and the memory of an idle host.
 *
 * The peer for bringing up is this machine's own way of getting a host: one network namespace, made by unshare(2) and ended by the exit
 * of its process, measured in the same run (skipped with a word when the privilege is missing). Memory is what the allocator has handed out
 * (mallinfo2) and what is resident, between a lab of 100 idle hosts and one of 1100, all in one broadcast domain. So a host's figure has in it all that one more
 * of them makes grow: its wire, its part of the lab file's model, its place in the tables of seven switches, and where addresses are leased its lease
 * and neighbour entry at the router. */
#include <malloc.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "lab/fault.h"
#include "lab/lab.h"

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static size_t resident_bytes(void)
{
    unsigned long total = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file || fscanf(file, "%lu %lu", &total, &resident) != 2)
        resident = 0;
    if (file)
        fclose(file);
    return resident * (size_t)sysconf(_SC_PAGESIZE);
}

static struct lab *load(const char *path, const void *text, size_t length)
{
    struct fault_list faults = {0};
    struct lab *lab = NULL;
    int result = text ? lab_load_bytes(path, text, length, &faults, &lab) : lab_load(path, &faults, &lab);
    if (result < 0) {
        fprintf(stderr, "bench_lab: %s has faults; run imp check on it\n", path);
        exit(1);
    }
    return lab;
}

static struct world *start(const struct lab *lab)
{
    struct text error = {0};
    struct world *world = NULL;
    if (world_create(lab, &(struct world_options){0}, &error, &world) < 0) {
        fprintf(stderr, "bench_lab: %s\n", text_string(&error));
        exit(1);
    }
    return world;
}

static double namespaces_ms(unsigned count)
{
    double begin = seconds();
    for (unsigned i = 0; i < count; i++) {
        pid_t child = fork();
        if (child == 0)
            _exit(unshare(CLONE_NEWNET) == 0 ? 0 : unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0 ? 0 : 1);
        int status = 1;
        if (child < 0 || waitpid(child, &status, 0) < 0 || status != 0)
            return -1;
    }
    return (seconds() - begin) * 1e3;
}

static void campus(void)
{
    double best_load = 1e9, best_create = 1e9, best_settle = 1e9;
    for (int round = 0; round < 5; round++) {
        double t0 = seconds();
        struct lab *lab = load("labs/campus.yaml", NULL, 0);
        double t1 = seconds();
        struct world *world = start(lab);
        double t2 = seconds();
        world_settle(world);
        double t3 = seconds();
        best_load = t1 - t0 < best_load ? t1 - t0 : best_load;
        best_create = t2 - t1 < best_create ? t2 - t1 : best_create;
        best_settle = t3 - t2 < best_settle ? t3 - t2 : best_settle;
        world_destroy(world, NULL);
        lab_free(lab);
    }
    printf("campus (130 nodes): load %.2f ms, create %.2f ms, every address settled %.2f ms more\n", best_load * 1e3,
           best_create * 1e3, best_settle * 1e3);
    double peer = namespaces_ms(122);
    if (peer > 0)
        printf("122 empty network namespaces of the kernel: %.1f ms; ratio: %.1f\n", peer,
               peer / ((best_load + best_create) * 1e3));
    else
        printf("122 empty network namespaces of the kernel: not measured, the privilege is missing\n");
}

static void hosts_text(unsigned hosts, bool fixed, struct text *text)
{
    unsigned switches = (hosts + 199) / 200;
    text_format(text, "lab: idle\nnodes:\n  h[1-%u]: { kind: host%s }\n  s[1-%u]: { kind: switch }\n  top: { kind: switch }\n",
                hosts, fixed ? ", address: 10.0.8.1/16, gateway: 10.0.0.1" : "", switches);
    text_add(text,
             "  home:\n    kind: router\n    ports: { lan: { address: [10.0.0.1/16, \"2001:db8::1/64\"], advertise: true } }\n"
             "    services: { dhcp-server: { port: lan, range: 10.0.1.0-10.0.20.0, router: 10.0.0.1, lease: 12h } }\n"
             "wires:\n");
    text_format(text, "  - h[1-%u] - s[1-%u]\n  - s[1-%u] - top\n  - top - home.lan\n", hosts, switches, switches);
}

/* Memory of a settled, idle lab of that many hosts: what is allocated, and what is resident. */
static void measure(unsigned hosts, bool fixed, size_t *allocated, size_t *resident)
{
    struct text text = {0};
    hosts_text(hosts, fixed, &text);
    malloc_trim(0);
    size_t allocated_before = mallinfo2().uordblks + mallinfo2().hblkhd, resident_before = resident_bytes();
    struct lab *lab = load("idle.yaml", text.data, text.length);
    struct world *world = start(lab);
    if (!world_settle(world))
        printf("the lab of %u hosts did not settle\n", hosts);
    world_run(world, instant_add(engine_now(world_engine(world)), 60 * NS_PER_S), NULL, NULL);
    malloc_trim(0);
    *allocated = mallinfo2().uordblks + mallinfo2().hblkhd - allocated_before;
    *resident = resident_bytes() - resident_before;
    world_destroy(world, NULL);
    lab_free(lab);
    text_free(&text);
}

static void idle_host(bool fixed)
{
    enum { FEW = 100, MANY = 1100 };
    size_t few, few_resident, many, many_resident;
    measure(FEW, fixed, &few, &few_resident);
    measure(MANY, fixed, &many, &many_resident);
    printf("idle host (%s): %zu bytes allocated; the process with %d of them: %.1f MiB resident\n",
           fixed ? "fixed IPv4 address, IPv6 link-local" : "IPv4 by DHCP, IPv6 by SLAAC", (many - few) / (MANY - FEW), MANY,
           (double)many_resident / (1 << 20));
}

int main(void)
{
    campus();
    idle_host(true);
    idle_host(false);
    return 0;
}
