// Package classify turns a [capture.Source] into findings and answers.
//
// [Run] deals packets to 64 shards by a fixed hash of the flow. Shards keep
// flows. At whole seconds of packet time, when enough packets or seconds have
// gone by, all of them stop: what they learnt is merged into one [fact.World] in
// packet order, and only then flows are labelled and judged, and findings told.
// Where these ticks fall depends on the packets alone, so the output does not
// depend on how many workers there are, nor on how the input was cut into reads.
//
// What one flow says of another is learnt there too: names that a client resolved
// to an address (bind.go), ends that a relay or a call arranges (arranged.go),
// services that a client has in use (sessions.go), resolvers that are asked in
// secret (secret.go). label.go puts it all before the rules.
package classify
