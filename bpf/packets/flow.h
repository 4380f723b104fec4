/* What is kept of a flow, and what is sent of it and of packets. The layouts are
 * read in Go at fixed offsets (decode.go, tally.go): no holes, multiples of 8. */
#ifndef FLOW_H
#define FLOW_H

/* longest record's packet bytes, a power of two: see whole_bytes */
#define WHOLE_MAX 4096
/* what is read of every frame: link, IP and TCP headers with options, and a few
 * bytes of payload. Only chains of IPv6 extension headers reach further. */
#define FIRST 128
/* a flow's count that is not told yet is told after so long, ns */
#define TELL 1000000000ULL

enum kind {
	PACKET = 1, /* header, then the bytes of the frame */
	TALLY = 2,  /* header, key, flow */
};

enum flags {
	OUT = 1,
	VLAN = 2,
};

struct header {
	__u64 time; /* CLOCK_BOOTTIME */
	__u64 cookie;
	__u32 ifindex;
	__u32 wire_len;
	__u16 segs;
	__u16 seg_size;
	__u16 vlan;
	__u8 flags;
	__u8 kind;
};

union address {
	__u8 b[16];
	__u32 w[4];
	__u64 d[2];
};

/* capture.Key.Canonical: the lower end, address bytes before port, first */
struct key {
	union address low, high;
	__u16 low_port, high_port;
	__u8 proto;
	__u8 zero[3];
};

/* of one direction; only grows */
struct tally {
	__u64 segs;
	__u64 bytes;
	__u64 time; /* of the latest */
};

struct flow {
	__u64 born;
	__u64 since;        /* when the oldest that is not told was counted, 0 none is */
	__u32 payloads[2];  /* sent whole; [0] from low to high */
	struct tally to[2];
	__u32 ifindex;      /* of the latest counted */
	__u32 zero;
};

struct counters {
	__u64 seen;
	__u64 sent;
	__u64 lost;
	__u64 unseen;
	__u64 unseen_segs;
	__u64 strange;
	__u64 unwoken; /* bytes in the ring since this CPU last woke the reader */
};

struct scratch {
	struct header header;
	__u8 data[WHOLE_MAX];
	__u8 far[40]; /* what lies behind the first bytes */
	__u32 blur;
};

struct told {
	struct header header;
	struct key key;
	struct flow flow;
};

#endif
