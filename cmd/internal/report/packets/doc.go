// Package packets reads a capture a second time for the packets that are worth showing:
// [Gather] picks those of some flows out of what passes and gives them to a [Taker] each.
// A [Ladder] keeps what a person wants to see around the packets that findings name.
package packets
