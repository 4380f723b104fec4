// Command bench measures chokepoint as a user meets it: whole processes, their
// CPU time and their peak memory, beside a plain gopacket loop and tshark over
// the same file in the same run. "make bench" runs it.
//
//	bench [flags] mixed   a capture of 2.2 million packets, all detectors on
//	bench [flags] flows   one million flows open at the same time, through a pipe
//	bench [flags] flood   a SYN flood of ten million flows, through a pipe
//	bench [flags] all     the three, one after the other
//
// The mixed capture is put together from the Ethernet captures of the folder
// that CHOKEPOINT_CORPORA names, or else from the bundled ones, and kept in the
// temporary folder. Machines are noisy: read the ratios of one run, and the
// medians of several rounds.
//
// The program runs its own parts (assemble, loop, generate) as children too. On
// Linux the peak memory of a child is never below that of the process which
// started it (exec keeps the old ru_maxrss), so this one has to stay small.
package main
