package wire

// Status is what a parser makes of the bytes it was given.
type Status uint8

// The answers of a parser. All but NeedMore are final: more bytes of the same
// stream do not change them.
const (
	NeedMore  Status = iota // so far so good, but the unit is not complete
	Done                    // the unit was parsed
	Alien                   // the bytes do not start a unit of this protocol
	Malformed               // they did start one, then broke its rules
)

// String returns the status in lower-case words.
func (s Status) String() string {
	switch s {
	case NeedMore:
		return "need more"
	case Done:
		return "done"
	case Alien:
		return "alien"
	case Malformed:
		return "malformed"
	}
	return "invalid status"
}
