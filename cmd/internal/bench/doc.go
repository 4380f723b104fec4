// Command bench measures chokepoint as a user meets it: whole processes, their
// CPU time and their peak memory, beside a plain gopacket loop and tshark over
// the same file in the same run. "make bench" runs it.
//
//	bench [flags] mixed      a capture of 2.2 million packets, all detectors on
//	bench [flags] detectors  what the detectors of rates and calls add to that
//	bench [flags] flows      one million flows open at the same time, through a pipe
//	bench [flags] flood      a SYN flood of ten million flows, through a pipe
//	bench [flags] busy       one million downloads and calls that lose, through a pipe
//	bench [flags] flat       memory from ten thousand of these to a million; minutes
//	bench [flags] report     the HTML report of one million flows, opened in a browser where there is one
//	bench [flags] live       live capture, in network namespaces of its own; needs root
//	bench [flags] all        all but busy, one after the other; without root not live
//
// The mixed capture is put together from the Ethernet captures of the folder
// that CHOKEPOINT_CORPORA names, or else from the bundled ones, and kept in the
// temporary folder. Machines are noisy: read the ratios of one run, and the
// medians of several rounds.
//
// Live capture is measured four times: the program in the kernel by itself; from the
// ring to a packet, beside a sender in another process; the whole command on the same
// packets, beside analyze that has them from a file; and the throughput of a link
// that chokepoint or tcpdump looks at, by iperf3. What is sent must be delivered or
// counted, to the packet, in every round.
//
// What detectors add is measured by the engine inside this program (engine,
// engine-without), with the options and the heap of analyze, as no flag of chokepoint
// leaves detectors out ([classify.Options].Without does).
//
// The program runs its own parts (assemble, loop, generate, send, receive) as children too. On
// Linux the peak memory of a child is never below that of the process which
// started it (exec keeps the old ru_maxrss), so this one has to stay small.
package main
