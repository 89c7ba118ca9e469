#ifndef IMP_BASE_ERROR_H
#define IMP_BASE_ERROR_H

/* Every function that can fail returns 0 (or a count) on success and one of these, negative, on failure.
 * A value is never reused for another meaning; imp_error_text() gives a lower-case phrase for messages. */
enum imp_error {
    IMP_OK = 0,
    IMP_MALFORMED = -1,    /* the bytes or the text break their format */
    IMP_TRUNCATED = -2,    /* the input ended before the format did */
    IMP_NO_SPACE = -3,     /* the caller's buffer is too small */
    IMP_LIMIT = -4,        /* a named limit would be passed */
    IMP_TIMEOUT = -5,      /* the deadline passed first */
    IMP_CANCELLED = -6,    /* the task or its node is being stopped */
    IMP_CLOSED = -7,       /* the other side, or the owner, closed it */
    IMP_RESET = -8,        /* the peer reset the connection */
    IMP_REFUSED = -9,      /* nobody listens there (RST, or ICMP port unreachable) */
    IMP_UNREACHABLE = -10, /* no route, or an ICMP unreachable */
    IMP_IN_USE = -11,      /* the address or name is taken */
    IMP_STALE = -12,       /* the handle's object is gone */
    IMP_NOT_FOUND = -13,   /* no such thing */
    IMP_UNSUPPORTED = -14, /* this world, or this build, has no such capability */
    IMP_DENIED = -15,      /* forbidden by policy or for want of privilege */
    IMP_INVALID = -16,     /* an argument is out of its range */
    IMP_TOO_BIG = -17,     /* larger than the path or the format allows */
    IMP_SYSTEM = -18,      /* the operating system failed; errno tells */
    IMP_BUSY = -19,        /* would have to wait, and was asked not to */
};

/* A static, lower-case phrase such as "timed out"; "unknown error" for any other number. */
const char *imp_error_text(int error);

#endif
