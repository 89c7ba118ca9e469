#ifndef IMP_LAB_CAPTURE_H
#define IMP_LAB_CAPTURE_H

#include "base/text.h"
#include "lab/lab.h"

/* --pcap: every wire of a world captured into a pcapng file of its own in one folder. */
struct capture;

/* Makes the folder if need be, opens all files and taps all wires. IMP_SYSTEM with a sentence; nothing is left behind then. */
int capture_start(struct world *world, const char *folder, struct text *error, struct capture **out);
/* Ends it: 0, or IMP_SYSTEM with a sentence when bytes could not be written; the files concerned are removed. */
int capture_finish(struct capture *capture, struct text *error);
/* The name of a wire's file: "laptop.eth0-sw.p1.pcapng". */
void capture_file_name(const char *wire_name, struct text *out);

#endif
