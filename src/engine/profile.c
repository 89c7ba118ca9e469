/* Named wire profiles: what a lab file means by "dsl" or "satellite".
 *
 * Each is a pair of settings, `up` from the first port of the wire to the second and `down` back, so that asymmetric access lines are
 * written customer first. Figures are those of the technologies' standards or of published measurements, rounded: line rates for
 * Ethernet (IEEE 802.3), net rates for radio (what a good link carries, not the modulation's headline), delays of propagation plus
 * what the technology adds by interleaving or scheduling. Loss is what remains after the link's own retransmission.
 *
 * Overhead: an Ethernet frame occupies the line for 24 bytes more than imp's frame has: preamble 8, frame check sequence 4, gap 12.
 * Queues are in bytes where buffers are bought in bytes (modems), in frames where the operating system counts frames (txqueuelen). */
#include <string.h>

#include "base/memory.h"
#include "engine/wire.h"

#define KBIT UINT64_C(1000)
#define MBIT UINT64_C(1000000)
#define GBIT UINT64_C(1000000000)
#define ETHERNET(rate, delay)                                                                                                  \
    {                                                                                                                          \
        .rate_bps = (rate), .delay_ns = (delay), .queue_frames = 1000, .overhead_bytes = 24                                    \
    }
#define LINE(rate, delay, jitter, loss, queue)                                                                                 \
    {                                                                                                                          \
        .rate_bps = (rate), .delay_ns = (delay), .jitter_ns = (jitter), .loss_ppm = (loss), .queue_bytes = (queue),            \
        .overhead_bytes = 24                                                                                                   \
    }

static const struct wire_profile PROFILES[] = {
    {"ideal", "no limit of rate, no delay, no loss: for tests", {0}, {0}},
    {"ethernet-10m", "10BASE-T over 100 m of twisted pair", ETHERNET(10 * MBIT, 500), ETHERNET(10 * MBIT, 500)},
    {"ethernet-100m", "100BASE-TX over 100 m of twisted pair", ETHERNET(100 * MBIT, 500), ETHERNET(100 * MBIT, 500)},
    {"ethernet-1g", "1000BASE-T over 100 m of twisted pair", ETHERNET(GBIT, 500), ETHERNET(GBIT, 500)},
    {"ethernet-10g", "10GBASE-SR inside a building, 100 m of fibre", ETHERNET(10 * GBIT, 500), ETHERNET(10 * GBIT, 500)},
    {"ethernet-100g", "100GBASE-SR4 inside a data centre", ETHERNET(100 * GBIT, 500), ETHERNET(100 * GBIT, 500)},
    {"wifi", "802.11ac in the same room: 300 Mbit/s net, contention as jitter",
     LINE(300 * MBIT, 1500 * NS_PER_US, 2 * NS_PER_MS, 500, 512 * 1024),
     LINE(300 * MBIT, 1500 * NS_PER_US, 2 * NS_PER_MS, 500, 512 * 1024)},
    {"bluetooth", "Bluetooth 5 classic data: 2 Mbit/s net, 10 m",
     LINE(2 * MBIT, 10 * NS_PER_MS, 10 * NS_PER_MS, 1000, 64 * 1024),
     LINE(2 * MBIT, 10 * NS_PER_MS, 10 * NS_PER_MS, 1000, 64 * 1024)},
    {"dsl", "VDSL2 line: 10 Mbit/s up, 50 Mbit/s down, 8 ms of interleaving and line",
     LINE(10 * MBIT, 8 * NS_PER_MS, 0, 0, 128 * 1024), LINE(50 * MBIT, 8 * NS_PER_MS, 0, 0, 256 * 1024)},
    {"cable", "DOCSIS 3.1: 50 Mbit/s up, 500 Mbit/s down, request and grant as jitter",
     LINE(50 * MBIT, 6 * NS_PER_MS, 4 * NS_PER_MS, 0, 256 * 1024), LINE(500 * MBIT, 6 * NS_PER_MS, NS_PER_MS, 0, 1024 * 1024)},
    {"fibre", "GPON to the home: 500 Mbit/s up, 1 Gbit/s down, 10 km",
     LINE(500 * MBIT, 1 * NS_PER_MS, 200 * NS_PER_US, 0, 1024 * 1024), LINE(GBIT, 1 * NS_PER_MS, 0, 0, 1024 * 1024)},
    {"4g", "LTE: 15 Mbit/s up, 40 Mbit/s down, scheduling as jitter, deep buffers",
     LINE(15 * MBIT, 25 * NS_PER_MS, 10 * NS_PER_MS, 200, 1024 * 1024),
     LINE(40 * MBIT, 25 * NS_PER_MS, 10 * NS_PER_MS, 200, 2048 * 1024)},
    {"5g", "5G mid-band: 60 Mbit/s up, 300 Mbit/s down", LINE(60 * MBIT, 8 * NS_PER_MS, 4 * NS_PER_MS, 100, 1024 * 1024),
     LINE(300 * MBIT, 8 * NS_PER_MS, 4 * NS_PER_MS, 100, 4096 * 1024)},
    {"satellite", "geostationary: 36,000 km up and down, 3 Mbit/s up, 30 Mbit/s down",
     LINE(3 * MBIT, 270 * NS_PER_MS, 5 * NS_PER_MS, 1000, 512 * 1024),
     LINE(30 * MBIT, 270 * NS_PER_MS, 5 * NS_PER_MS, 1000, 2048 * 1024)},
    {"satellite-leo", "low orbit: 20 Mbit/s up, 150 Mbit/s down, handovers as jitter and loss",
     LINE(20 * MBIT, 18 * NS_PER_MS, 10 * NS_PER_MS, 3000, 512 * 1024),
     LINE(150 * MBIT, 18 * NS_PER_MS, 10 * NS_PER_MS, 3000, 2048 * 1024)},
    {"metro",
     "10 Gbit/s fibre ring of a city, 50 km",
     {.rate_bps = 10 * GBIT, .delay_ns = 250 * NS_PER_US, .queue_bytes = 12500000, .overhead_bytes = 24},
     {.rate_bps = 10 * GBIT, .delay_ns = 250 * NS_PER_US, .queue_bytes = 12500000, .overhead_bytes = 24}},
    {"longhaul",
     "100 Gbit/s across a country, 1,000 km of fibre",
     {.rate_bps = 100 * GBIT, .delay_ns = 5 * NS_PER_MS, .queue_bytes = 125000000, .overhead_bytes = 24},
     {.rate_bps = 100 * GBIT, .delay_ns = 5 * NS_PER_MS, .queue_bytes = 125000000, .overhead_bytes = 24}},
    {"transatlantic",
     "100 Gbit/s submarine cable, 6,600 km",
     {.rate_bps = 100 * GBIT, .delay_ns = 33 * NS_PER_MS, .queue_bytes = 125000000, .overhead_bytes = 24},
     {.rate_bps = 100 * GBIT, .delay_ns = 33 * NS_PER_MS, .queue_bytes = 125000000, .overhead_bytes = 24}},
    {"modem", "V.90 over a telephone line: 33.6 kbit/s up, 56 kbit/s down", LINE(33600, 50 * NS_PER_MS, 0, 0, 16 * 1024),
     LINE(56 * KBIT, 50 * NS_PER_MS, 0, 0, 16 * 1024)},
};

const struct wire_profile *wire_profile_find(const char *name)
{
    for (size_t i = 0; i < count_of(PROFILES); i++)
        if (strcmp(PROFILES[i].name, name) == 0)
            return &PROFILES[i];
    return NULL;
}

const struct wire_profile *wire_profiles(size_t *count)
{
    *count = count_of(PROFILES);
    return PROFILES;
}
