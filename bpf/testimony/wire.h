/* Headers as they are in a packet. */
#ifndef TESTIMONY_WIRE_H
#define TESTIMONY_WIRE_H

#define IPPROTO_ICMPV6 58

#define EXTENSIONS 4 /* of IPv6 that are passed over; more have never been seen in use */

#define RST 0x04	  /* RFC 9293 section 3.1 */
#define FRAG_OFFSET 0x1fff /* RFC 791 section 3.1 */

struct ipv4 {
	__u8 version_ihl, tos;
	__be16 len, id, frag;
	__u8 ttl, proto;
	__sum16 sum;
	__be32 src, dst;
};

struct ipv6 {
	__be32 version_class_flow;
	__be16 len;
	__u8 next, hops;
	__u8 src[16], dst[16];
};

struct extension {
	__u8 next, len; /* in units of 8 bytes, the first not counted (RFC 8200 section 4) */
};

struct ports {
	__be16 src, dst;
};

struct tcp {
	__be16 src, dst;
	__be32 seq, ack;
	__u8 doff, flags;
	__be16 window;
};

#endif
