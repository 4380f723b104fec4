package service

// magicDoc is one thing that payload shows. It is written as bytes or as the
// name of a matcher of ours, in builtin.go; attrs, types, realms and protos are
// for some of these.
type magicDoc struct {
	Entry     entryDoc `yaml:",inline"`
	ID        text     // unique over all services
	Proto     text     // tcp, udp, ip: any transport without ports
	Dir       text     // up: from client to server, down, any
	Where     text     // first: the first payload of its direction; early: any of the first 16
	Len       *lenDoc  // of the payload on the wire
	Bytes     []bytesDoc
	Builtin   text
	Attrs     []text // stun: has any of these attributes
	Types     []text // stun: is any of these messages
	Realms    []text // stun: realm, software or user name contains any of these, lower case; host names at label boundaries
	Protos    []text // ip_proto: is any of these IP protocols
	OnlyPorts []text `yaml:"only_ports"` // server ports, n or a-b
	Needs     text   // addr: counts only at an address of role likely, dedicated or endpoint of the same service
	Answered  bool   // full weight only where payload went both ways, half of it elsewhere
	Weight    int    // 1..100, before conf
}

// lenDoc bounds a length, bytes: eq, or min and max, of which one may be absent.
type lenDoc struct{ Min, Max, Eq *int }

// bytesDoc is bytes that must stand at an offset, under a mask of equal length
// if there is one. All of a rule must hold.
type bytesDoc struct {
	At   int
	Hex  text
	Mask text
}

// alpnDoc is protocol names a hello offers (RFC 7301), compared whole.
type alpnDoc struct {
	Entry  entryDoc `yaml:",inline"`
	Values []text
	Weight int // 1..100, before conf
}

// ja4Doc is fingerprints of TLS clients.
type ja4Doc struct {
	Entry  entryDoc `yaml:",inline"`
	Values []text
	Unique bool // no other program says hello like that; else it is worth 10 at most
}

// certDoc is organisations that certificates of the service name as their
// subject or issuer, compared whole.
type certDoc struct {
	Entry  entryDoc `yaml:",inline"`
	Orgs   []text
	Weight int // 1..100, before conf
}
