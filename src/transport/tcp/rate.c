/* How fast the path delivers (draft-cheng-iccrg-delivery-rate-estimation, as Linux does it): what BBR is built on.
 *
 * Each record notes, when it leaves, how much had been delivered by then, and when. When it is acknowledged, the difference to now is what
 * was delivered meanwhile, over the longer of two times: from the first sending of that flight to its last (nobody can deliver faster than
 * it was sent), and between the two acknowledgements (ACKs that come in a bunch prove nothing). Of all that one ACK
 * acknowledges, the segment sent last gives the sample.
 *
 * A sample from a time when the application had too little to send says only what the application did; it is marked, and a control may
 * use it when it is higher than what it believed. No timers. */
#include "transport/tcp/rooms.h"

void rate_sent(struct tcp_connection *c, struct sent *sent, struct instant now)
{
    struct sending *sending = sending_of(&c->sending);
    if (c->sent.count <= 1 || retransmit_queue_in_flight(&c->sent) <= 1) { /* a new flight */
        sending->rate.first_sent = now;
        sending->rate.delivered_time = now;
    }
    sent->delivered = c->delivered;
    sent->delivered_time = sending->rate.delivered_time;
    sent->first_sent_time = sending->rate.first_sent;
    sent->in_flight = retransmit_queue_in_flight(&c->sent);
    sent->lost = c->lost;
    if (sending->rate.app_limited)
        sent->flags |= SENT_APP_LIMITED;
    else
        sent->flags &= (uint16_t)~SENT_APP_LIMITED;
}

void rate_delivered(struct tcp_connection *c, const struct sent *sent, struct ack_news *news)
{
    if (news->sampled && sent->delivered < news->prior_delivered)
        return;
    news->sampled = true;
    news->prior_delivered = sent->delivered;
    news->prior_time = sent->delivered_time;
    news->sample_in_flight = sent->in_flight;
    news->sample_lost = c->lost - sent->lost;
    news->app_limited = sent->flags & SENT_APP_LIMITED;
    news->send_interval_ns = instant_since(sent->time, sent->first_sent_time);
    sending_of(&c->sending)->rate.first_sent = sent->time;
}

/* Called once an ACK has been counted. */
void rate_sample(struct tcp_connection *c, const struct ack_news *news, struct congestion_ack *out)
{
    struct sending *sending = sending_of(&c->sending);
    if (sending->rate.app_limited && c->delivered > sending->rate.app_limited)
        sending->rate.app_limited = 0;
    if (news->delivered)
        sending->rate.delivered_time = news->now;
    out->interval_ns = -1;
    out->prior_delivered = news->prior_delivered;
    out->app_limited = news->app_limited;
    out->sample_in_flight = news->sample_in_flight;
    out->sample_lost = news->sample_lost;
    if (!news->sampled)
        return;
    if (!(c->flags & CONNECTION_SACK) && news->retransmitted_acked)
        return; /* without SACK one ACK delivers what had arrived long before: no rate at all */
    int64_t ack_interval = instant_since(news->now, news->prior_time);
    int64_t interval = ack_interval > news->send_interval_ns ? ack_interval : news->send_interval_ns;
    if (interval < c->rtt.minimum_ns) /* shorter than any round trip: from a spurious retransmission */
        return;
    out->rate_segments = (uint32_t)(c->delivered - news->prior_delivered);
    out->interval_ns = interval;
    uint64_t rate = (uint64_t)out->rate_segments * c->mss * (uint64_t)NS_PER_MS / (uint64_t)(interval / 1000 + 1);
    if (!news->app_limited || rate >= sending->rate.bytes_per_s)
        sending->rate.bytes_per_s = rate;
}

/* Nothing to send, and the window is not the reason. */
void rate_check_app_limited(struct tcp_connection *c)
{
    bool idle = !sequence_before(c->snd.nxt, output_end(c)) && retransmit_queue_in_flight(&c->sent) < c->congestion.cwnd &&
                c->sent.lost <= c->sent.retransmitted;
    if (!idle)
        return;
    uint64_t mark = c->delivered + retransmit_queue_in_flight(&c->sent);
    sending_of(&c->sending)->rate.app_limited = mark ? mark : 1;
}
