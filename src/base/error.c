/* Errors as phrases.
 *
 * Every room reports failure as a negative number of one shared list (error.h). Numbers, because they cost nothing to return and
 * to compare; one list, because an error often crosses several layers on its way up (a stack's "unreachable" becomes a tool's
 * message) and must keep its meaning. This file is the only place where the numbers become words, so that the same failure reads
 * the same in a tool's output, in the story and in a test's complaint. */
#include "base/error.h"

const char *imp_error_text(int error)
{
    switch (error) {
    case IMP_OK: return "no error";
    case IMP_MALFORMED: return "malformed";
    case IMP_TRUNCATED: return "ended too early";
    case IMP_NO_SPACE: return "no space in the buffer";
    case IMP_LIMIT: return "a limit was reached";
    case IMP_TIMEOUT: return "timed out";
    case IMP_CANCELLED: return "cancelled";
    case IMP_CLOSED: return "connection closed";
    case IMP_RESET: return "connection reset by peer";
    case IMP_REFUSED: return "connection refused";
    case IMP_UNREACHABLE: return "unreachable";
    case IMP_IN_USE: return "already in use";
    case IMP_STALE: return "no longer exists";
    case IMP_NOT_FOUND: return "not found";
    case IMP_UNSUPPORTED: return "not supported here";
    case IMP_DENIED: return "permission denied";
    case IMP_INVALID: return "out of range";
    case IMP_TOO_BIG: return "too big";
    case IMP_SYSTEM: return "system error";
    case IMP_BUSY: return "would have to wait";
    default: return "unknown error";
    }
}
