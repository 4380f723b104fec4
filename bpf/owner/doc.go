// Package owner knows which process holds which socket, from the kernel's own
// iterators: absent rather than wrong.
//
// The iterator lists the files of the processes that the reader could see: those
// of its own PID namespace and below, in all network namespaces. PIDs are told as
// the first PID namespace counts them. Loading needs CAP_BPF and CAP_PERFMON;
// reading needs neither (bpf_iter_new_fd, kernel/bpf/bpf_iter.c; from Linux 5.19 on
// also where kernel.unprivileged_bpf_disabled is set), so that it goes on when
// privileges have been given up.
package owner
