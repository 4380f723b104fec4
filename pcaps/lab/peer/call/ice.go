package call

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/netip"
	"strings"
	"time"

	"github.com/pion/stun/v3"
)

// How often browsers check a path (libwebrtc, p2p_transport_channel): until it
// answers, and when it does.
const (
	checkEvery = 500 * time.Millisecond
	keepEvery  = 2500 * time.Millisecond
)

// Attributes of ICE (RFC 8445 section 16.1).
const (
	attrPriority     stun.AttrType = 0x0024
	attrUseCandidate stun.AttrType = 0x0025
	attrControlled   stun.AttrType = 0x8029
	attrControlling  stun.AttrType = 0x802a
)

// ice is one side's agent with its only pair of candidates.
type ice struct {
	bare
	caller       bool   // it controls and nominates
	ours, theirs string // user fragments
	from         func() netip.AddrPort
	sent         map[[stun.TransactionIDSize]byte]bool
}

// newICE is the caller's agent of a call whose callee has a plan; from says where
// the callee's checks come from.
func newICE(token []byte, from func() netip.AddrPort) *ice {
	own := make([]byte, 3)
	rand.Read(own)
	return &ice{caller: true, ours: fragment(own), theirs: fragment(token), from: from, sent: map[[12]byte]bool{}}
}

// called is the callee's agent, of which it knows from the first check's user name.
func called(user string, from func() netip.AddrPort) (*ice, plan, bool) {
	ours, theirs, _ := strings.Cut(user, ":")
	token, err := base64.RawStdEncoding.DecodeString(ours)
	if err != nil {
		return nil, plan{}, false
	}
	p, ok := unseal(token)
	return &ice{ours: ours, theirs: theirs, from: from, sent: map[[12]byte]bool{}}, p, ok
}

// fragment is in the letters that RFC 8839 section 5.4 allows.
func fragment(b []byte) string { return base64.RawStdEncoding.EncodeToString(b) }

// password is what signalling would have told of a side.
func password(fragment string) stun.MessageIntegrity {
	sum := sha256.Sum256([]byte(fragment))
	return stun.NewShortTermIntegrity(base64.RawStdEncoding.EncodeToString(sum[:18]))
}

func (i *ice) ask() []byte {
	m := stun.New()
	role, priority := attrControlled, []byte{0x6e, 0x7f, 0x1e, 0xff}
	if i.caller {
		role = attrControlling
	}
	tie := make([]byte, 8)
	rand.Read(tie)
	with := []stun.Setter{stun.TransactionID, stun.BindingRequest, stun.NewUsername(i.theirs + ":" + i.ours),
		stun.RawAttribute{Type: role, Value: tie}, stun.RawAttribute{Type: attrPriority, Value: priority}}
	if i.caller {
		with = append(with, stun.RawAttribute{Type: attrUseCandidate})
	}
	build(m, append(with, password(i.theirs), stun.Fingerprint)...)
	i.sent[m.TransactionID] = true
	return m.Raw
}

func (i *ice) again(answered bool) time.Duration {
	if answered {
		return keepEvery
	}
	return checkEvery
}

func (i *ice) hear(b []byte) ([]byte, heard) {
	m, ok := message(b)
	switch {
	case !ok:
		return nil, media
	case m.Type == stun.BindingSuccess && i.sent[m.TransactionID]:
		delete(i.sent, m.TransactionID)
		return nil, answered
	case m.Type == stun.BindingRequest && password(i.ours).Check(m) == nil:
		return bindingAnswer(m, i.from(), password(i.ours)), asked
	}
	return nil, asked
}

// message reads STUN.
func message(b []byte) (*stun.Message, bool) {
	m := stun.New()
	return m, stun.IsMessage(b) && stun.Decode(b, m) == nil
}

// bindingAnswer tells a client where its request came from.
func bindingAnswer(q *stun.Message, from netip.AddrPort, more ...stun.Setter) []byte {
	m := stun.New()
	m.TransactionID = q.TransactionID
	with := []stun.Setter{stun.BindingSuccess, mapped(from)}
	build(m, append(append(with, more...), stun.Fingerprint)...)
	return m.Raw
}

func mapped(a netip.AddrPort) stun.Setter {
	return &stun.XORMappedAddress{IP: a.Addr().Unmap().AsSlice(), Port: int(a.Port())}
}

// build writes a message that has a transaction id, or is given one.
func build(m *stun.Message, with ...stun.Setter) {
	m.WriteHeader()
	for _, s := range with {
		if err := s.AddTo(m); err != nil {
			panic(err) // what is added is ours, and short
		}
	}
}
