#ifndef IMP_TOOLS_PORT_NAME_H
#define IMP_TOOLS_PORT_NAME_H

#include <stddef.h>
#include <stdint.h>

/* Well-known ports as /etc/services names them (IANA's registry), so that a lab prints the same everywhere. `protocol`: 6 TCP, 17 UDP,
 * 0 either. NULL for a port that has no name here. */
const char *port_name(uint8_t protocol, uint16_t port);
/* "http" or "80" to 80; -1 when it is neither. */
int port_parse(uint8_t protocol, const char *text);

#endif
