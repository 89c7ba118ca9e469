#ifndef IMP_APPLICATION_DNS_STORY_H
#define IMP_APPLICATION_DNS_STORY_H

#include "application/dns/message.h"
#include "net/net.h"

/* What the DNS tells of itself: typed events (engine/event.h). Each message is told once, by who sends it, when it is sent; so a
 * story shows question and answer between two names each. Nothing is computed unless somebody listens. A note is a short clause on
 * why, such as "its cache is empty, so it starts at the root"; NULL for none. */
void dns_story_question(struct net *net, const struct endpoint *to, const struct dns_question *question, const char *note);
/* A question asked once more: of the same server or another, after `waited_ns` without an answer. */
void dns_story_retry(struct net *net, const struct endpoint *to, const struct dns_question *question, int64_t waited_ns);
void dns_story_over_tcp(struct net *net, const struct endpoint *to, const struct dns_question *question);
/* A response, told by what is in it: an answer, a referral, a denial, a failure. */
void dns_story_response(struct net *net, const struct endpoint *to, const struct dns_message *response, const char *note);
/* The cache (or the hosts file) holds it, so that nobody need be asked. `left_ns`: how long it still may be used. */
void dns_story_cached(struct net *net, const struct dns_question *question, int64_t left_ns);
/* A server's response is of no use, and why (detail). */
void dns_story_useless(struct net *net, const struct endpoint *from, const struct dns_question *question, const char *why);

/* The addresses and texts that answer a question, joined by commas; behind the alias's name when it has one. Added to `out`. */
void dns_answer_print(const struct dns_message *response, struct text *out);

#endif
