/* From a frame to what the plan wants of it. capture/plan does the same in Go. */
#ifndef PARSE_H
#define PARSE_H

#include "flow.h"

enum want {
	ON,       /* an IP header, and its transport's decides */
	STRANGE,  /* headers that lie or break off: whole */
	ALL,      /* whole, whatever went before */
	OPENING,  /* whole; a new flow begins */
	PAYLOAD,  /* whole if it is among the first of its direction */
	NOTHING,  /* no payload: headers */
	SEALED,   /* ESP: headers and a little, never counted */
};

struct packet {
	struct __sk_buff *skb;
	struct scratch *s;
	__u32 len;     /* of the frame */
	__u32 l3;      /* where the IP header starts */
	__u32 l4;      /* where the transport's does */
	__u32 payload; /* where the payload starts, by the headers */
	__u32 end;     /* of the datagram */
	__u16 sport, dport;
	__u8 proto;
	bool v6;
};

#define be16(p) bpf_ntohs(*(const __u16 *)(p))
#define be32(p) bpf_ntohl(*(const __u32 *)(p))

/* What went through memory the verifier knows nothing of: where ways meet again it
 * has one state to follow instead of one for each of them. A tenth of the
 * instructions are verified then, for a nanosecond. */
#define blurred(s, x) \
	({ volatile __u32 *_b = &(s)->blur; *_b = (x); *_b; })

/* at returns n bytes at an offset, NULL where the frame is shorter. */
static __always_inline const __u8 *at(struct packet *p, __u32 off, const __u32 n)
{
	if (off + n > p->len)
		return NULL;
	if (off + n <= FIRST) {
		/* A no-op, but the verifier of 6.1 does not follow the sum. */
		asm volatile("%0 &= %1" : "+r"(off) : "i"(FIRST - 1));
		return p->s->data + off;
	}
	if (bpf_skb_load_bytes(p->skb, off, p->s->far, n))
		return NULL;
	return p->s->far;
}

static __always_inline bool is_vlan(__u16 type)
{
	return type == ETH_P_8021Q || type == ETH_P_8021AD || type == ETH_P_QINQ1;
}

/* ether finds the IP header behind Ethernet and up to two VLAN tags. */
static __always_inline __u16 ether(struct packet *p)
{
	const __u8 *b = at(p, 12, 2);
	__u16 type;

	p->l3 = 14;
	if (!b)
		return 0;
	type = be16(b);
#pragma unroll
	for (int tags = 0; tags < 2 && is_vlan(type); tags++) {
		b = at(p, p->l3 + 2, 2);
		if (!b)
			return 0;
		type = be16(b);
		p->l3 += 4;
	}
	p->l3 = blurred(p->s, p->l3) & 31;
	return blurred(p->s, type);
}

/* raw does so where there is no link header: the version decides. */
static __always_inline __u16 raw(struct packet *p)
{
	const __u8 *b = at(p, 0, 1);

	p->l3 = 0;
	if (!b)
		return 0;
	switch (*b >> 4) {
	case 4:
		return ETH_P_IP;
	case 6:
		return ETH_P_IPV6;
	}
	return 1; /* no EtherType */
}

/* ends sets where the datagram ends, as its length field says; where that is left
 * empty (BIG TCP, segmentation by the card), with the frame. */
static __always_inline void ends(struct packet *p, __u32 total)
{
	p->end = total ? p->l3 + total : p->len;
}

/* RFC 791 section 3.1 */
static __always_inline enum want ipv4(struct packet *p)
{
	const __u8 *b = at(p, p->l3, 20);

	if (!b || b[0] >> 4 != 4 || (b[0] & 15) < 5)
		return STRANGE;
	if (be16(b + 6) & 0x3fff) /* more fragments, or an offset */
		return ALL;
	ends(p, be16(b + 2));
	p->proto = b[9];
	p->l4 = p->l3 + (b[0] & 15) * 4;
	return ON;
}

static __always_inline bool is_extension(__u8 next)
{
	return next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING || next == IPPROTO_DSTOPTS;
}

/* RFC 8200 sections 3 and 4 */
static __always_inline enum want ipv6(struct packet *p)
{
	const __u8 *b = at(p, p->l3, 40);
	__u32 total;

	if (!b || b[0] >> 4 != 6)
		return STRANGE;
	total = be16(b + 4);
	ends(p, total ? total + 40 : 0);
	p->v6 = true;
	p->proto = b[6];
	p->l4 = p->l3 + 40;
#pragma unroll
	for (int i = 0; i < 4 && is_extension(p->proto); i++) {
		b = at(p, p->l4, 2);
		if (!b)
			return STRANGE;
		p->proto = b[0];
		p->l4 += (b[1] + 1) * 8;
	}
	return ON;
}

static __always_inline bool is_port(struct packet *p, __u16 port)
{
	return p->sport == port || p->dport == port;
}

static __always_inline enum want carries(struct packet *p)
{
	return p->payload < p->end ? PAYLOAD : NOTHING;
}

#define TCP_FIN 1
#define TCP_SYN 2
#define TCP_RST 4
#define TCP_ACK 16

/* RFC 9293 section 3.1 */
static __always_inline enum want tcp(struct packet *p)
{
	const __u8 *b = at(p, p->l4, 20);
	__u8 flags;

	if (!b || b[12] >> 4 < 5)
		return STRANGE;
	p->sport = be16(b);
	p->dport = be16(b + 2);
	p->payload = p->l4 + (b[12] >> 4) * 4;
	flags = b[13];
	if ((flags & (TCP_SYN | TCP_ACK)) == TCP_SYN)
		return OPENING;
	if (flags & (TCP_SYN | TCP_FIN | TCP_RST))
		return ALL;
	if (is_port(p, 53) || is_port(p, 5353))
		return ALL;
	return carries(p);
}

/* A QUIC long header (RFC 9000 section 17.2) of a version that is spoken: 1, 2 (RFC
 * 9369), negotiation, the drafts, and Google's own before them. */
static __always_inline bool is_quic(const __u8 *b)
{
	__u32 version;

	if ((b[0] & 0xc0) != 0xc0)
		return false;
	version = be32(b + 1);
	return version == 0x00000001 || version == 0x6b3343cf || version == 0 ||
	       version >> 8 == 0xff0000 || version >> 16 == 0x5130 || version >> 16 == 0x5430;
}

/* RFC 8489 section 5 */
static __always_inline bool is_stun(const __u8 *b)
{
	return (b[0] & 0xc0) == 0 && be32(b + 4) == 0x2112a442;
}

/* VXLAN by its own port and Linux's older one, GTP-U, Teredo */
static __always_inline bool is_tunnel(struct packet *p)
{
	return is_port(p, 4789) || is_port(p, 8472) || is_port(p, 2152) || is_port(p, 3544);
}

/* RFC 768 */
static __always_inline enum want udp(struct packet *p)
{
	const __u8 *b = at(p, p->l4, 8);

	if (!b)
		return STRANGE;
	p->sport = be16(b);
	p->dport = be16(b + 2);
	p->payload = p->l4 + 8;
	if (is_port(p, 53) || is_port(p, 5353) || is_tunnel(p))
		return ALL;
	if (p->payload + 5 <= p->end) {
		b = at(p, p->payload, 5);
		if (!b || is_quic(b))
			return ALL;
	}
	if (p->payload + 8 <= p->end) {
		b = at(p, p->payload, 8);
		if (!b || is_stun(b))
			return ALL;
	}
	return carries(p);
}

static __always_inline enum want network(struct packet *p, __u16 type)
{
	switch (type) {
	case ETH_P_IP:
		return ipv4(p);
	case ETH_P_IPV6:
		return ipv6(p);
	case 0:
		return STRANGE;
	}
	return ALL;
}

/* parse says what the plan wants of a frame, if the flow does not decide. */
static __always_inline enum want parse(struct packet *p, const bool link)
{
	enum want want = network(p, link ? ether(p) : raw(p));

	if (want != ON)
		return want;
	p->payload = p->l4 = blurred(p->s, p->l4);
	p->proto = blurred(p->s, p->proto);
	switch (p->proto) {
	case IPPROTO_TCP:
		return tcp(p);
	case IPPROTO_UDP:
		return udp(p);
	case IPPROTO_ESP:
		return SEALED;
	}
	return ALL;
}

#endif
