//go:build ignore

/* Programs on the kernel's own tracepoints. Where kernels differ in a tracepoint's
 * arguments the loader says so in a constant, and the verifier does not look at
 * what the constant excludes. */
#include "../headers/chokepoint.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_tracing.h>
#include "kernel.h"
#include "wire.h"

#define BPF_MAP_TYPE_ARRAY_OF_MAPS 12

#include "event.h"
#include "place.h"
#include "packet.h"

const volatile bool has_rx_socket = false;    /* kfree_skb, 4th argument: Linux 6.11 */
const volatile bool has_reset_reason = false; /* tcp_send_reset, 3rd: Linux 6.10 */
const volatile bool has_send_error = false;   /* tcp_retransmit_skb, 3rd: Linux 6.15 */

/* What the loader says of a reason for a drop, by the number that it has in this
 * kernel; the same bits as in reasons.go. */
enum {
	LISTED = 1,
	WITH_PORTS = 2, /* only of TCP and UDP */
	ONLY_RST = 4,	/* only of segments with RST: they were refused */
	NEVER_RST = 8,	/* not of those */
	INBOUND = 16,	/* before the stack has written on the packet that it came in */
};
#define REASONS 256 /* Linux 6.18 has 128; subsystems' own begin at 1 << 16 */
const volatile __u8 reasons[REASONS];

static bool fits(struct event *e, __u8 want)
{
	bool tcp = e->topic.proto == IPPROTO_TCP, rst = tcp && e->flags & RST;

	if (want & WITH_PORTS && !tcp && e->topic.proto != IPPROTO_UDP)
		return false;
	if (want & ONLY_RST)
		return rst;
	return !(want & NEVER_RST && rst);
}

/* Before Linux 6.10 tcp_send_reset keeps silent where there is no socket. But what
 * TCP drops for that it has answered with a RST (no_tcp_socket in tcp_v4_rcv and
 * tcp_v6_rcv, net/ipv4/tcp_ipv4.c). */
static void answered(struct tally *t)
{
	turn(&t->event.topic);
	t->event.topic.kind = RESET_SENT;
	t->event.topic.reason = 0;
	t->event.packet = t->event.ttl = 0;
	t->event.ipid = t->event.flags = t->event.seq = t->event.ack = 0;
	t->count = 0;
	one_by_one(t);
}

/* from_sender is for a packet that has no headers yet. */
static bool from_sender(struct event *e, struct sk_buff *skb)
{
	struct sock *sk = BPF_CORE_READ(skb, sk);

	return e->topic.out && sk && from_socket(e, sk);
}

SEC("tp_btf/kfree_skb")
int BPF_PROG(kfree_skb, struct sk_buff *skb, void *location, unsigned int reason)
{
	__u8 want = reason < REASONS ? reasons[reason] : 0;
	struct sock *rx = NULL;
	struct tally t = {};
	struct event *e = &t.event;

	if (!want || !skb) {
		count(OTHERS);
		return 0;
	}
	if (has_rx_socket)
		rx = (struct sock *)ctx[3];
	e->time = bpf_ktime_get_boot_ns();
	e->topic.reason = reason;
	place(e, skb, rx);
	if (want & INBOUND)
		e->topic.out = 0;
	if (!here(e->topic.netns) || !(from_packet(e, skb) || from_sender(e, skb)) || !fits(e, want)) {
		count(OTHERS);
		return 0;
	}
	if (want & ONLY_RST) {
		e->topic.kind = RESET_REFUSED;
		one_by_one(&t);
		return 0;
	}
	e->topic.kind = DROP;
	first_of(&t);
	if (want & NEVER_RST && e->topic.proto == IPPROTO_TCP && !has_reset_reason)
		answered(&t);
	return 0;
}

/* tell_socket is for what is about a socket, in the direction out or in. */
static void tell_socket(struct tally *t, bool out)
{
	t->event.time = bpf_ktime_get_boot_ns();
	if (!here(t->event.topic.netns)) {
		count(OTHERS);
		return;
	}
	if (!out)
		turn(&t->event.topic);
	if (t->event.topic.kind == RETRANSMIT)
		first_of(t);
	else
		one_by_one(t);
}

SEC("tp_btf/tcp_receive_reset")
int BPF_PROG(tcp_receive_reset, struct sock *sk)
{
	struct tally t = {};

	t.event.topic.kind = RESET_RECEIVED;
	if (sk && from_socket(&t.event, sk))
		tell_socket(&t, false);
	return 0;
}

/* The packet is the one that the RST answers, as it came in. There is none when the
 * process itself broke off the connection. */
SEC("tp_btf/tcp_send_reset")
int BPF_PROG(tcp_send_reset, struct sock *sk, struct sk_buff *skb)
{
	struct tally t = {};
	struct event *e = &t.event;

	e->topic.kind = RESET_SENT;
	if (has_reset_reason)
		e->topic.reason = (__u32)ctx[2];
	if (skb && from_packet(e, skb)) {
		place(e, skb, sk);
		e->topic.out = 0;
		e->packet = e->ttl = 0;
		e->ipid = e->flags = e->seq = e->ack = 0;
		tell_socket(&t, false);
	} else if (sk && from_socket(e, sk)) {
		tell_socket(&t, true);
	}
	return 0;
}

SEC("tp_btf/tcp_retransmit_skb")
int BPF_PROG(tcp_retransmit_skb, struct sock *sk, struct sk_buff *skb)
{
	struct tally t = {};

	if (has_send_error && (int)ctx[2])
		return 0; /* not sent; earlier kernels do not tell */
	t.event.topic.kind = RETRANSMIT;
	if (sk && from_socket(&t.event, sk))
		tell_socket(&t, true);
	return 0;
}

/* A connect() is in its process when it begins; what comes later is in whatever
 * process the packet interrupted. Its port is chosen in between. */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(inet_sock_set_state, struct sock *sk, int old, int new)
{
	struct tally t = {};
	struct event *e = &t.event;

	if (!(old == TCP_CLOSE && new == TCP_SYN_SENT) && old != TCP_SYN_SENT)
		return 0;
	if (!sk || !from_socket(e, sk) || e->topic.proto != IPPROTO_TCP)
		return 0;
	e->topic.cookie = bpf_get_socket_cookie(sk); /* makes one if there is none */
	e->topic.kind = CONNECTED;
	if (old == TCP_CLOSE) {
		e->topic.kind = CONNECT;
		e->pid = bpf_get_current_pid_tgid() >> 32;
		e->cgroup = bpf_get_current_cgroup_id();
		bpf_get_current_comm(e->comm, sizeof(e->comm));
	}
	tell_socket(&t, true);
	return 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
