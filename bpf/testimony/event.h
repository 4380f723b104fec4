/* What a program tells, and how it is told: at once through the ring, or counted. */
#ifndef TESTIMONY_EVENT_H
#define TESTIMONY_EVENT_H

/* the same numbers as Kind in testimony.go */
enum kind {
	DROP = 1,
	RESET_REFUSED,
	RESET_SENT,
	RESET_RECEIVED,
	RETRANSMIT,
	CONNECT,
	CONNECTED,
};

/* What makes two events alike. bpf2go makes the Go types of these: no padding but
 * what is named, it is compared too. */
struct topic {
	__u64 cookie;
	__u8 src[16]; /* IPv4 mapped */
	__u8 dst[16];
	__u32 netns;
	__u32 reason;
	__u16 sport; /* host's order */
	__u16 dport;
	__u8 kind;
	__u8 proto;
	__u8 out;
	__u8 pad;
};

struct event {
	struct topic topic;
	__u64 time;
	__u64 cgroup;
	__u32 ifindex;
	__u32 pid;
	__u32 seq;
	__u32 ack;
	__u16 flags;
	__u16 ipid;
	__u8 ttl;
	__u8 packet; /* ttl to ack are those of one */
	__u8 pad[2];
	__u8 comm[16];
};

/* Events that are alike and were not told one by one. */
struct tally {
	__u64 count;
	struct event event; /* the first of them, but for its time: of the last */
};

const struct topic *_topic __attribute__((unused)); /* for bpf2go -type */
const struct event *_event __attribute__((unused));
const struct tally *_tally __attribute__((unused));

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20); /* the loader may say otherwise */
} ring SEC(".maps");

#define FLOWS 4096 /* per page; what finds no room goes through the ring one by one */

struct page {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, FLOWS);
	__type(key, struct topic);
	__type(value, struct tally);
};

/* Two pages take turns. When the loader has put another one here, the kernel has
 * waited for all programs that were at work (maybe_wait_bpf_programs,
 * kernel/bpf/syscall.c): nobody writes on the old one any more, and no count is
 * lost between reading and deleting. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct page);
} current SEC(".maps");

enum counter {
	SEEN,
	LOST,
	OTHERS,
	COUNTERS,
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, COUNTERS);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

static void count(__u32 which)
{
	__u64 *n = bpf_map_lookup_elem(&counts, &which);

	if (n)
		__sync_fetch_and_add(n, 1); /* an interrupt may count too */
}

/* On the page, an event that the ring took counts 0: it has been told. */
static void note(struct tally *t)
{
	__u32 zero = 0;
	void *page = bpf_map_lookup_elem(&current, &zero);
	struct tally *old;

	if (page && !bpf_map_update_elem(page, &t->event.topic, t, BPF_NOEXIST))
		return;
	if (!t->count)
		return;
	old = page ? bpf_map_lookup_elem(page, &t->event.topic) : NULL;
	if (!old) {
		count(LOST);
		return;
	}
	__sync_fetch_and_add(&old->count, 1);
	old->event.time = t->event.time;
}

/* one_by_one tells an event through the ring; if that is full, the page has it. */
static void one_by_one(struct tally *t)
{
	count(SEEN);
	if (!bpf_ringbuf_output(&ring, &t->event, sizeof(t->event), 0))
		return;
	t->count = 1;
	note(t);
}

/* first_of tells the first event of its topic on this page, and counts the others. */
static void first_of(struct tally *t)
{
	__u32 zero = 0;
	void *page = bpf_map_lookup_elem(&current, &zero);
	struct tally *old = page ? bpf_map_lookup_elem(page, &t->event.topic) : NULL;

	count(SEEN);
	if (old) {
		__sync_fetch_and_add(&old->count, 1);
		old->event.time = t->event.time;
		return;
	}
	t->count = bpf_ringbuf_output(&ring, &t->event, sizeof(t->event), 0) ? 1 : 0;
	note(t);
}

#endif
