#ifndef IMP_CLI_SHELL_PROTOCOL_H
#define IMP_CLI_SHELL_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

/* What a tool's thin client and `imp shell` say to each other over a Unix stream socket. Each message is a four-byte length of what
 * follows, a type byte, and a body. Numbers are big-endian, texts end with their message unless said otherwise.
 *
 *   client                                   server
 *   START: what is to run                -->
 *                                        <-- OUT, ERROR: bytes for the client's own output
 *                                        <-- WANT_INPUT: please read this much of your standard input
 *   INPUT: what was read; empty: its end -->
 *                                        <-- FILE_READ, FILE_WRITE, FILE_END: please do this with your file
 *   FILE_PART ..., then FILE_RESULT      -->
 *   INTERRUPT: Ctrl-C was pressed        -->
 *                                        <-- EXIT: the tool's status; the last message */
enum shell_message {
    SHELL_START = 1,   /* u8 bits (enum shell_bit), u16 argument count, each argument with a NUL */
    SHELL_INPUT,       /* bytes */
    SHELL_INTERRUPT,   /* nothing */
    SHELL_FILE_PART,   /* bytes of the file that FILE_READ asked for */
    SHELL_FILE_RESULT, /* u32: 0 or a negated enum imp_error; ends FILE_READ, FILE_WRITE and FILE_END */
    SHELL_OUT = 16,    /* bytes */
    SHELL_ERROR,       /* bytes */
    SHELL_WANT_INPUT,  /* u32: at most so many bytes */
    SHELL_FILE_READ,   /* u32: at most so many bytes; path */
    SHELL_FILE_WRITE,  /* u16 length of path, path, bytes */
    SHELL_FILE_END,    /* path */
    SHELL_EXIT,        /* u8 */
};
enum shell_bit { SHELL_OUT_IS_TERMINAL = 1, SHELL_ERROR_IS_TERMINAL = 2 };
enum {
    SHELL_HEADER_BYTES = 5,
    SHELL_BODY_MAX = 65536,
    SHELL_ARGUMENTS_MAX = 1024,
    SHELL_PATH_MAX = 4095,
    SHELL_PART_MAX = 32768, /* bytes of output, input or file in one message */
};
#define SHELL_SOCKET_VARIABLE "IMP_SHELL_SOCKET"
#define SHELL_SOCKET_NAME     ".socket"

/* Writes a message's header for `body_bytes` of body. */
void shell_header_build(uint8_t out[SHELL_HEADER_BYTES], enum shell_message type, size_t body_bytes);
/* The next message of the bytes received so far: its whole length with the header, 0 when more bytes are needed, or IMP_MALFORMED. */
int shell_message_parse(const uint8_t *data, size_t length, enum shell_message *type, struct bytes *body);

/* START's body. build: false when it is too large. parse: 0 or IMP_MALFORMED; argv (ends with NULL) points into the body and has room
 * for SHELL_ARGUMENTS_MAX + 1. */
bool shell_start_build(struct writer *out, uint8_t bits, int argc, char *const argv[]);
int shell_start_parse(struct bytes body, uint8_t *bits, int *argc, char **argv);

#endif
