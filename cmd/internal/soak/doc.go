// Package soak plays days of a busy link in minutes against the built program and
// looks at what it costs: memory, goroutines, threads and descriptors of a watch
// must not depend on how long it goes on. What is left of it in the kernel after it
// ended, however it ended, is looked at too.
//
// The flows are new ones all the time, from new addresses, and names among them
// that come once: whatever the program remembers without a bound, grows.
package soak
