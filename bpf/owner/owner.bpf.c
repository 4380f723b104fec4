//go:build ignore

/* An iterator over the open files of all processes: for each that is a TCP or UDP
 * socket it writes a struct holding. The kernel passes by threads that share the
 * files of their process (task_seq_get_next, kernel/bpf/task_iter.c). */
#include "../headers/chokepoint.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include "kernel.h"

#define IPPROTO_MPTCP 262 /* include/uapi/linux/in.h */
#define SOCK_STREAM 1	  /* include/linux/net.h */
#define SOCK_DGRAM 2

#define ANCESTORS 8 /* init, the daemon's supervisor, a shell or two */

/* One process holds one socket by one descriptor. bpf2go makes the Go type of it:
 * no padding but what is named. */
struct holding {
	__u64 id;	  /* cookie of the socket that the descriptor is of */
	__u64 cookie; /* of the TCP or UDP socket: another one if that is MPTCP */
	__u64 cgroup;
	__u32 netns;
	__u32 tgid;
	__u8 local[16]; /* IPv4 mapped */
	__u8 remote[16];
	__u16 local_port; /* host's order */
	__u16 remote_port;
	__u8 proto;
	__u8 state; /* TCP_CLOSE and the like, include/net/tcp_states.h; UDP has two of them */
	__u8 pad[2];
	__u32 ancestors[ANCESTORS]; /* parent first, 0 behind the last */
	__u8 comm[16];
};

const struct holding *_holding __attribute__((unused)); /* for bpf2go -type */

/* wanted tells the protocol as it is on the wire, 0 for other sockets. A raw socket
 * may have IPPROTO_UDP too, hence the type. */
static __u8 wanted(struct sock *sk)
{
	__u16 family = sk->__sk_common.skc_family, type = sk->sk_type, proto = sk->sk_protocol;

	if (family != AF_INET && family != AF_INET6)
		return 0;
	if (type == SOCK_STREAM && (proto == IPPROTO_TCP || proto == IPPROTO_MPTCP))
		return IPPROTO_TCP;
	if (type == SOCK_DGRAM && proto == IPPROTO_UDP)
		return IPPROTO_UDP;
	return 0;
}

static void map_v4(__u8 *to, __be32 addr)
{
	to[10] = to[11] = 0xff;
	__builtin_memcpy(to + 12, &addr, 4);
}

static void addresses(struct holding *h, struct sock *sk)
{
	h->local_port = bpf_ntohs(BPF_CORE_READ((struct inet_sock *)sk, inet_sport));
	if (!h->local_port) /* a socket that is being bound, and MPTCP's */
		h->local_port = sk->__sk_common.skc_num;
	h->remote_port = bpf_ntohs(sk->__sk_common.skc_dport);
	if (sk->__sk_common.skc_family == AF_INET) {
		map_v4(h->local, sk->__sk_common.skc_rcv_saddr);
		if (h->remote_port)
			map_v4(h->remote, sk->__sk_common.skc_daddr);
		return;
	}
	BPF_CORE_READ_INTO(&h->local, sk, __sk_common.skc_v6_rcv_saddr);
	if (h->remote_port)
		BPF_CORE_READ_INTO(&h->remote, sk, __sk_common.skc_v6_daddr);
}

/* holder tells of the process: the name of its first thread, as ps does. */
static void holder(struct holding *h, struct task_struct *task)
{
	struct task_struct *leader = task->group_leader, *t = leader;

	h->tgid = task->tgid;
	h->cgroup = BPF_CORE_READ(leader, cgroups, dfl_cgrp, kn, id);
	bpf_core_read_str(h->comm, sizeof(h->comm), &leader->comm);
#pragma unroll
	for (int i = 0; i < ANCESTORS; i++) {
		t = BPF_CORE_READ(t, real_parent, group_leader);
		h->ancestors[i] = BPF_CORE_READ(t, tgid);
		if (!h->ancestors[i])
			break;
	}
}

SEC("iter/task_file")
int sockets(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct holding h = {};

	if (!task || !file)
		return 0;
	struct socket *sock = bpf_sock_from_file(file);
	if (!sock)
		return 0;
	struct sock *sk = sock->sk;
	if (!sk)
		return 0;
	h.proto = wanted(sk);
	if (!h.proto)
		return 0;
	addresses(&h, sk);
	if (!h.local_port)
		return 0;
	h.state = sk->__sk_common.skc_state;
	h.netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	h.id = h.cookie = bpf_get_socket_cookie(sk); /* makes one if there is none */
	if (sk->sk_protocol == IPPROTO_MPTCP) {
		h.cookie = 0;
		if (bpf_core_type_exists(struct mptcp_sock))
			h.cookie = BPF_CORE_READ((struct mptcp_sock *)sk, first, __sk_common.skc_cookie.counter);
	}
	holder(&h, task);
	bpf_seq_write(ctx->meta->seq, &h, sizeof(h));
	return 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
