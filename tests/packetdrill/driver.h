#ifndef TESTS_PACKETDRILL_DRIVER_H
#define TESTS_PACKETDRILL_DRIVER_H

/* Drives build/libimp-packetdrill.so as packetdrill does: the main thread moves the clock, sends and receives packets and makes the calls that do
 * not block; one other thread makes those that do, and takes the time right after each. Segments are written in a short text:
 *
 *   "S. 0:0(0) ack 1 win 65535 <mss 1460,sackOK,TS,ws 8>"
 *
 * flags (S F R P and . for ACK), first and last sequence number relative to the side's first, bytes, acknowledgement, window as on the
 * wire, options. An expectation need not go on to the end: what it says must be how the packet's text begins. */
#include <assert.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "packetdrill/packetdrill_interface.h"

#pragma GCC diagnostic ignored "-Wunused-function" /* no scene file needs all of this */

enum { SERVER_PORT = 8080, REMOTE_PORT = 40001 };

struct blocked { /* a call that the guest makes */
    long (*run)(void *argument);
    void *argument;
    long result;
    int error;
    int64_t end_us;
};
static struct packetdrill_interface table;
static void *world, *plugin;
static int64_t start_us;
static bool six;                         /* scenes over IPv6 */
static uint32_t local_first;             /* our side's first sequence number, learnt */
static uint16_t local_port, remote_port; /* of the connection in the scene */
static bool local_known;
static uint32_t peer_ts, ts_echo; /* timestamps: when the peer's segment carries them */
static pthread_t guest;
static pthread_mutex_t guest_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t guest_more = PTHREAD_COND_INITIALIZER;
static struct blocked *guest_work;
static bool guest_running, guest_entered, guest_ending;

static int64_t now_us(void)
{
    struct timeval time;
    assert_int_equal(table.gettimeofday(world, &time, NULL), 0);
    return (int64_t)time.tv_sec * 1000000 + time.tv_usec;
}

#endif
