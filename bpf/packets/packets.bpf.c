//go:build ignore

// The program on the packet path. It carries out capture.Plan: see there, and
// capture/plan, which does the same to files.
#include "chokepoint.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
#include "flow.h"
#include "parse.h"

/* set by Load */
volatile const __u32 first_payloads = 12;
volatile const __u32 whole_bytes = WHOLE_MAX;
volatile const __u32 head_bytes = 32;
volatile const __u32 always_count = 0;
volatile const __u64 pressure = 8 << 20; /* bytes in the ring from which on headers are only counted */
volatile const __u64 wake_bytes = 64 << 10; /* that a CPU writes before it wakes the reader */

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 << 20);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct key);
	__type(value, struct flow);
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct counters);
} counts SEC(".maps");

/* Records are made here: a program runs to its end on its CPU, with no other of
 * its kind in between. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

/* A length from 1 to a power of two, which the verifiers of 6.1 to 6.18 can see. */
#define bounded(n, power) \
	({ __u32 _n = (n) - 1; asm volatile("%0 &= %1" : "+r"(_n) : "i"((power) - 1)); _n + 1; })

static __always_inline __u32 least(__u32 a, __u32 b)
{
	return a < b ? a : b;
}

static __always_inline __u16 segments(struct __sk_buff *skb)
{
	return skb->gso_segs ? skb->gso_segs : 1;
}

/* addressed fills in the key and returns whether the packet goes from high to low. */
static __always_inline bool addressed(struct packet *p, struct key *k)
{
	const __u8 *b = p->s->data + (p->l3 & 31); /* parse was here before */
	union address src = {}, dst = {};
	bool swap;

	if (p->v6) {
		src.d[0] = *(__u64 *)(b + 8);
		src.d[1] = *(__u64 *)(b + 16);
		dst.d[0] = *(__u64 *)(b + 24);
		dst.d[1] = *(__u64 *)(b + 32);
	} else {
		src.w[2] = dst.w[2] = bpf_htonl(0xffff); /* RFC 4291 section 2.5.5.2 */
		src.w[3] = *(__u32 *)(b + 12);
		dst.w[3] = *(__u32 *)(b + 16);
	}
	if (src.d[0] != dst.d[0])
		swap = bpf_be64_to_cpu(src.d[0]) > bpf_be64_to_cpu(dst.d[0]);
	else if (src.d[1] != dst.d[1])
		swap = bpf_be64_to_cpu(src.d[1]) > bpf_be64_to_cpu(dst.d[1]);
	else
		swap = p->sport > p->dport;
	k->low = swap ? dst : src;
	k->high = swap ? src : dst;
	k->low_port = swap ? p->dport : p->sport;
	k->high_port = swap ? p->sport : p->dport;
	k->proto = p->proto;
	return swap;
}

/* found returns the flow's entry, a new one if need be; NULL if there is no room. */
static __always_inline struct flow *found(const struct key *k, __u64 now)
{
	struct flow *f = bpf_map_lookup_elem(&flows, k);

	if (f)
		return f;
	struct flow fresh = {.born = now};
	/* If another CPU was faster, its entry is the one. */
	bpf_map_update_elem(&flows, k, &fresh, BPF_NOEXIST);
	return bpf_map_lookup_elem(&flows, k);
}

/* wake says whether the reader is to be woken for a record. Waking costs ten times
 * what all the rest does: it happens once in wake_bytes, and the reader looks for
 * himself now and then. */
static __always_inline __u64 wake(struct counters *c, __u32 size)
{
	c->unwoken += size;
	if (c->unwoken < wake_bytes)
		return BPF_RB_NO_WAKEUP;
	c->unwoken = 0;
	return BPF_RB_FORCE_WAKEUP;
}

/* tell sends what was counted of a flow. If the ring is full it stays counted. */
static __always_inline void tell(struct counters *c, const struct key *k, struct flow *f, __u64 now)
{
	struct told *t = bpf_ringbuf_reserve(&ring, sizeof(*t), 0);

	if (!t)
		return;
	f->since = 0; /* before it is read: what is added from now on is told next time */
	__builtin_memset(&t->header, 0, sizeof(t->header));
	t->header.time = now;
	t->header.kind = TALLY;
	t->key = *k;
	t->flow = *f;
	bpf_ringbuf_submit(t, wake(c, sizeof(*t)));
}

/* counted adds a packet to its flow instead of sending it. */
static __always_inline void counted(struct packet *p, struct counters *c, struct flow *f, bool swap, __u64 now)
{
	__u16 segs = segments(p->skb);

	c->unseen++;
	c->unseen_segs += segs;
	if (!f)
		return;
	struct tally *t = &f->to[swap];
	/* The headers are on the wire once for each segment. */
	__sync_fetch_and_add(&t->segs, segs);
	__sync_fetch_and_add(&t->bytes, p->end - p->l3 + (segs - 1) * (p->payload - p->l3));
	t->time = now;
	f->ifindex = p->skb->ifindex;
	if (!f->since)
		f->since = now;
}

static __always_inline void stamp(struct packet *p, struct header *h, __u64 now, bool out)
{
	struct __sk_buff *skb = p->skb;

	h->time = now;
	h->ifindex = skb->ifindex;
	h->wire_len = p->len;
	h->segs = segments(skb);
	h->seg_size = skb->gso_size;
	h->flags = out ? OUT : 0;
	h->vlan = 0;
	if (skb->vlan_present) {
		h->flags |= VLAN;
		h->vlan = skb->vlan_tci;
	}
	h->kind = PACKET;
}

/* send makes the record of a packet. */
static __always_inline void send(struct packet *p, struct counters *c, __u64 now, bool out, bool whole)
{
	struct scratch *s = p->s;
	__u32 n = p->len;

	s->header.cookie = 0;
	if (!whole)
		n = least(n, p->payload + (p->payload < p->end ? least(p->end - p->payload, head_bytes) : 0));
	else if (out)
		s->header.cookie = bpf_get_socket_cookie(p->skb);
	n = bounded(least(n, whole_bytes), WHOLE_MAX);
	if (n > FIRST)
		bpf_skb_load_bytes(p->skb, 0, s->data, n);
	stamp(p, &s->header, now, out);
	n += sizeof(s->header);
	if (bpf_ringbuf_output(&ring, s, n, wake(c, n)))
		c->lost++;
	else
		c->sent++;
}

/* first says whether a packet with payload is among the first of its direction. */
static __always_inline bool first(struct flow *f, bool swap)
{
	if (!f)
		return true;
	__u32 *n = &f->payloads[swap];
	/* Only while it is below is it counted, so that it never wraps. */
	return *n < first_payloads && __sync_fetch_and_add(n, 1) < first_payloads;
}

static __always_inline bool only_counted(void)
{
	return always_count || bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) > pressure;
}

/* deal does what is wanted of a packet of TCP or UDP whose flow matters. */
static __always_inline void deal(struct packet *p, struct counters *c, enum want want, __u64 now, bool out)
{
	bool count = want != OPENING && only_counted();
	bool whole = want == OPENING;
	struct flow *f = NULL;
	struct key k = {};
	bool swap = false;

	if (want != NOTHING || count) {
		swap = addressed(p, &k);
		f = found(&k, now);
	}
	if (want == PAYLOAD)
		whole = first(f, swap);
	else if (want == OPENING && f)
		f->payloads[0] = f->payloads[1] = 0;
	if (whole || !count)
		send(p, c, now, out, whole);
	else
		counted(p, c, f, swap, now);
	if (f && f->since && now - f->since >= TELL)
		tell(c, &k, f, now);
}

static __always_inline int see(struct __sk_buff *skb, const bool out, const bool link)
{
	const __u32 zero = 0;
	struct counters *c = bpf_map_lookup_elem(&counts, &zero);
	struct packet p = {.skb = skb, .len = skb->len};
	__u64 now = bpf_ktime_get_boot_ns();
	enum want want;

	p.s = bpf_map_lookup_elem(&scratches, &zero);
	if (!c || !p.s || !p.len)
		return TC_ACT_UNSPEC;
	c->seen++;
	if (p.len >= FIRST)
		bpf_skb_load_bytes(skb, 0, p.s->data, FIRST);
	else
		bpf_skb_load_bytes(skb, 0, p.s->data, bounded(p.len, FIRST));
	want = blurred(p.s, parse(&p, link));
	p.end = blurred(p.s, p.end);
	p.payload = blurred(p.s, p.payload);
	if (want == STRANGE)
		c->strange++;
	if (want == OPENING || want == PAYLOAD || want == NOTHING)
		deal(&p, c, want, now, out);
	else
		send(&p, c, now, out, want != SEALED);
	return TC_ACT_UNSPEC;
}

SEC("tc")
int ether_in(struct __sk_buff *skb)
{
	return see(skb, false, true);
}

SEC("tc")
int ether_out(struct __sk_buff *skb)
{
	return see(skb, true, true);
}

SEC("tc")
int ip_in(struct __sk_buff *skb)
{
	return see(skb, false, false);
}

SEC("tc")
int ip_out(struct __sk_buff *skb)
{
	return see(skb, true, false);
}

/* bpf_ringbuf_output and bpf_skb_load_bytes are for programs under the GPL. */
char _license[] SEC("license") = "Dual BSD/GPL";
