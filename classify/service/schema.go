package service

// The schema of rule files. One YAML document is either one service or lists of
// facts that several services need; which one shows by the key "id". Every list
// entry says how sure it is (conf: high, medium, low) and who says so (src: keys
// of the sources list). What payload, hellos and certificates show is in
// schemamagic.go.

// document is one document of a rule file; one of the two is there.
type document struct {
	Service *serviceDoc
	Lists   *listsDoc
}

// serviceDoc is one service, or, in a later file, what to add to one.
type serviceDoc struct {
	Date      text
	ID        text
	Name      text
	Category  text
	Family    text   // owner it shares names and addresses with
	Functions []text // what it can be seen doing
	Domains   []domainDoc
	Exclude   []text `yaml:"exclude_domains"` // suffixes: a flow with a name below is not this service, whatever else says so
	Prefixes  []prefixDoc
	Ports     []portDoc
	Magic     []magicDoc
	ALPN      []alpnDoc
	JA4       []ja4Doc
	Certs     []certDoc
	Notes     []text
	Replace   bool // forget what earlier files said
	Disabled  bool // forget the service
}

// entryDoc is what list entries have in common.
type entryDoc struct {
	Fn   text
	Conf text
	Src  []text
	Note text
}

// domainDoc is a list of names alike.
type domainDoc struct {
	Entry     entryDoc `yaml:",inline"`
	Match     text     // exact, suffix, glob
	Names     []text
	Shared    bool // sets family and function; the service cannot be told by it
	Elsewhere bool // also served from addresses that are not the owner's
}

// prefixDoc is a list of address blocks alike.
type prefixDoc struct {
	Entry entryDoc `yaml:",inline"`
	Role  text     // dedicated, endpoint, family, likely, shared, tenant, unverified
	Place text     // which of the service's places is there, such as a data centre: dc2
	CIDRs []text
}

// portDoc is a list of ports alike.
type portDoc struct {
	Entry  entryDoc `yaml:",inline"`
	Proto  text     // tcp, udp
	Ports  []text   // n or a-b
	Weight int      // 1..100, before conf
}

// listsDoc is facts that are not one service's.
type listsDoc struct {
	Date      text
	Sources   []sourceDoc
	Owners    []ownerDoc
	Resolvers []resolverDoc
	MustExist []existDoc `yaml:"must_exist"`
	ECHOuter  []echDoc   `yaml:"ech_outer"`
}

type sourceDoc struct {
	Key  text
	What text
	AsOf text `yaml:"as_of"`
}

type ownerDoc struct {
	ID     text
	Name   text
	Closed bool // its names are served from its own prefixes only
	Src    []text
	Note   text
}

type resolverDoc struct {
	ID       text
	Name     text
	Conf     text
	Src      []text
	National bool // run by a state for its providers
	Rewrites bool // answers with other addresses on purpose
	Note     text
	Hosts    []text // names of its encrypted transports
	Addrs    []text // addresses or prefixes
	Outlets  []text // addresses or prefixes that it asks the world from, beside Addrs
	Calls    []text // suffixes of names that its hosts call themselves (id.server, RFC 4892)
	Filters  []text // of Addrs, those that deny names by lists which their users chose
}

type existDoc struct {
	Conf  text
	Src   []text
	Note  text
	Names []text
}

type echDoc struct {
	Name     text
	Provider text
	Conf     text
	Src      []text
}
