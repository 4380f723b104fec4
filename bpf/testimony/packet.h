/* What a packet's headers say. */
#ifndef TESTIMONY_PACKET_H
#define TESTIMONY_PACKET_H

/* read copies bytes of a packet, if they are in its linear part. */
#define read(to, p, at) ((p)->len >= (at) && (p)->len - (at) >= sizeof(*(to)) && \
			 !bpf_probe_read_kernel(to, sizeof(*(to)), (p)->ip + (at)))

struct bytes {
	unsigned char *ip; /* the IP header */
	__u32 len;	   /* bytes behind it that are there */
};

/* from_transport writes ports and what TCP says; without them the rest still counts. */
static void from_transport(struct event *e, struct bytes *p, __u32 at)
{
	struct ports ports;
	struct tcp tcp;

	if (e->topic.proto != IPPROTO_TCP && e->topic.proto != IPPROTO_UDP)
		return;
	if (!read(&ports, p, at))
		return;
	e->topic.sport = bpf_ntohs(ports.src);
	e->topic.dport = bpf_ntohs(ports.dst);
	if (e->topic.proto != IPPROTO_TCP || !read(&tcp, p, at))
		return;
	e->seq = bpf_ntohl(tcp.seq);
	e->ack = bpf_ntohl(tcp.ack);
	e->flags = (tcp.doff & 0x0f) << 8 | tcp.flags; /* NS and the reserved bits above */
}

static bool from_v4(struct event *e, struct bytes *p)
{
	struct ipv4 ip;

	if (!read(&ip, p, 0) || ip.version_ihl >> 4 != 4 || (ip.version_ihl & 15) < 5)
		return false;
	map_v4(e->topic.src, ip.src);
	map_v4(e->topic.dst, ip.dst);
	e->topic.proto = ip.proto;
	e->ttl = ip.ttl;
	e->ipid = bpf_ntohs(ip.id);
	if (!(ip.frag & bpf_htons(FRAG_OFFSET)))
		from_transport(e, p, (ip.version_ihl & 15) * 4);
	return true;
}

static bool from_v6(struct event *e, struct bytes *p)
{
	struct extension x;
	struct ipv6 ip;
	__u32 at = sizeof(ip);
	int i;

	if (!read(&ip, p, 0) || (ip.version_class_flow & bpf_htonl(0xf0000000)) != bpf_htonl(0x60000000))
		return false;
	__builtin_memcpy(e->topic.src, ip.src, 16);
	__builtin_memcpy(e->topic.dst, ip.dst, 16);
	e->ttl = ip.hops;
	e->topic.proto = ip.next;
	for (i = 0; i < EXTENSIONS; i++) {
		if (e->topic.proto != IPPROTO_HOPOPTS && e->topic.proto != IPPROTO_ROUTING &&
		    e->topic.proto != IPPROTO_DSTOPTS)
			break;
		if (!read(&x, p, at))
			return true;
		e->topic.proto = x.next;
		at += (x.len + 1) * 8;
	}
	from_transport(e, p, at);
	return true;
}

/* from_packet writes what the headers say, in the packet's direction. There are
 * none yet in what TCP could not route; then the network header is not set. */
static bool from_packet(struct event *e, struct sk_buff *skb)
{
	unsigned char *head = skb->head;
	__u32 at = skb->network_header, end = skb->tail;
	__be16 protocol = skb->protocol;
	struct bytes p;

	if (!at) /* a driver's packet, before the stack has looked at it */
		at = skb->data - head;
	if (end < at || end - at > 0xffff)
		return false;
	p.ip = head + at;
	p.len = end - at;
	if (protocol == bpf_htons(ETH_P_IP))
		e->packet = from_v4(e, &p);
	else if (protocol == bpf_htons(ETH_P_IPV6))
		e->packet = from_v6(e, &p);
	return e->packet;
}

#endif
