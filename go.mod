module chokepoint

go 1.26.0

require (
	github.com/google/gopacket v1.1.19
	github.com/klauspost/compress v1.20.3
	github.com/ulikunitz/xz v0.5.17
	golang.org/x/net v0.62.0
)

require golang.org/x/sys v0.49.0 // indirect
