/* Where something happened, and between whom: from a packet or from a socket. */
#ifndef TESTIMONY_PLACE_H
#define TESTIMONY_PLACE_H

const volatile bool everywhere = true;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* as many as the loader was told */
	__type(key, __u32);
	__type(value, __u8);
} namespaces SEC(".maps");

/* here tells whether a namespace was asked for. One that is not known passes. */
static bool here(__u32 inum)
{
	return everywhere || !inum || bpf_map_lookup_elem(&namespaces, &inum);
}

static __u32 netns_of(struct sock *sk)
{
	return BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
}

static __u32 netns_behind(struct net_device *dev)
{
	return BPF_CORE_READ(dev, nd_net.net, ns.inum);
}

static void map_v4(__u8 *to, __be32 addr)
{
	to[10] = to[11] = 0xff; /* RFC 4291 section 2.5.5.2 */
	__builtin_memcpy(to + 12, &addr, 4);
}

/* A socket of IPv6 that speaks IPv4 has the mapped addresses in the fields of IPv6
 * too, but its own only when connect() has returned. */
static bool mapped(struct in6_addr *a)
{
	return !a->in6_u.u6_addr32[0] && !a->in6_u.u6_addr32[1] &&
	       a->in6_u.u6_addr32[2] == bpf_htonl(0xffff);
}

static void addresses(struct topic *t, struct sock *sk)
{
	struct in6_addr a = {};

	if (BPF_CORE_READ(sk, __sk_common.skc_family) == AF_INET6 &&
	    bpf_core_field_exists(sk->__sk_common.skc_v6_daddr)) {
		BPF_CORE_READ_INTO(&a, sk, __sk_common.skc_v6_daddr);
		if (!mapped(&a)) {
			__builtin_memcpy(t->dst, &a, 16);
			BPF_CORE_READ_INTO(&a, sk, __sk_common.skc_v6_rcv_saddr);
			__builtin_memcpy(t->src, &a, 16);
			return;
		}
	}
	map_v4(t->src, BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr));
	map_v4(t->dst, BPF_CORE_READ(sk, __sk_common.skc_daddr));
}

/* include/net/tcp_states.h: sockets in these states are no struct inet_sock */
#define TCP_ESTABLISHED 1
#define TCP_SYN_SENT 2
#define TCP_TIME_WAIT 6
#define TCP_CLOSE 7
#define TCP_NEW_SYN_RECV 12

/* from_socket writes the connection, in the direction out. */
static bool from_socket(struct event *e, struct sock *sk)
{
	__u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);
	__u8 state = BPF_CORE_READ(sk, __sk_common.skc_state);

	if (family != AF_INET && family != AF_INET6)
		return false;
	addresses(&e->topic, sk);
	e->topic.dport = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	e->topic.out = 1;
	e->topic.netns = netns_of(sk);
	e->topic.cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
	if (state == TCP_TIME_WAIT || state == TCP_NEW_SYN_RECV) {
		e->topic.sport = BPF_CORE_READ(sk, __sk_common.skc_num);
		e->topic.proto = IPPROTO_TCP;
		return true;
	}
	e->topic.sport = bpf_ntohs(BPF_CORE_READ((struct inet_sock *)sk, inet_sport));
	e->topic.proto = BPF_CORE_READ(sk, sk_protocol);
	return true;
}

/* turn makes the other direction of it. */
static void turn(struct topic *t)
{
	__u8 addr[16];
	__u16 port = t->sport;

	__builtin_memcpy(addr, t->src, 16);
	__builtin_memcpy(t->src, t->dst, 16);
	__builtin_memcpy(t->dst, addr, 16);
	t->sport = t->dport;
	t->dport = port;
	t->out = !t->out;
}

#define SKB_DST_NOREF 1UL /* include/linux/skbuff.h */

/* place writes where a packet is: interface, namespace, direction, and of the
 * socket the cookie. rx is the socket that it came for, if the kernel tells.
 *
 * A packet's device is unset once TCP has found its socket, and overwritten in the
 * queue of a UDP socket: then its index reads as 0, and the route knows. The
 * socket of a packet may be the sender's, in another namespace, until the IP layer
 * looks at the packet (skb_scrub_packet, net/core/skbuff.c).
 *
 * The index of the interface that it came in by is 0 as long as a packet has not
 * been received, and is set whenever it is (__netif_receive_skb_core,
 * net/core/dev.c); a packet that is forwarded has it beside another device. */
static void place(struct event *e, struct sk_buff *skb, struct sock *rx)
{
	struct net_device *dev = BPF_CORE_READ(skb, dev);
	struct sock *sk = rx ? rx : BPF_CORE_READ(skb, sk);
	__u32 index = BPF_CORE_READ(dev, ifindex), in = skb->skb_iif, of_socket = 0;

	if (sk)
		of_socket = netns_of(sk);
	if (rx)
		e->topic.netns = of_socket;
	else if (index)
		e->topic.netns = netns_behind(dev);
	else
		e->topic.netns = of_socket;
	if (!e->topic.netns) {
		struct dst_entry *dst = (void *)(skb->_skb_refdst & ~SKB_DST_NOREF);
		e->topic.netns = netns_behind(BPF_CORE_READ(dst, dev));
	}
	e->ifindex = index && !rx ? index : in;
	e->topic.out = !rx && (!in || (index && index != in));
	if (sk && of_socket == e->topic.netns)
		e->topic.cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
}

#endif
