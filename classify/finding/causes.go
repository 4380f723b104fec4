package finding

import "strings"

// Cause is an innocent explanation that a finding rules out, leaves standing or
// names. Each field is a clause that a person can say to the other side's engineer.
type Cause struct {
	Is       string // what it would be
	Excluded string // why it is none, where it is ruled out; what a detector demands before it says so
	Open     string // why it still may be, where it is not ruled out
}

// causes has a sentence for every code that a detector puts into RuledOut,
// NotRuledOut or BenignCause.
var causes = map[string]Cause{
	// Of resets.
	"refused": {"nobody listens on the port: a closed one answers each SYN with RST|ACK (RFC 9293 section 3.5.2)",
		"the handshake had been completed before the reset", "the connection had not opened yet"},
	"idle_timeout": {"a NAT, a firewall or a load balancer forgot the connection while it idled",
		"its claimed sender had spoken shortly before, or the flow had not paused for long enough", "the flow had paused for half a minute or more before it ended"},
	"after_close": {"the far side answers what comes late for a connection that is being closed",
		"neither side had said FIN before it", "a FIN had passed before it"},
	"server_abort": {"the server's own program or kernel broke off (unread data, SO_LINGER 0, a crash)",
		"the packets cannot have come from the server that made the others", "a server that breaks off sends the same packet"},
	"client_abort": {"the client's own program gave up",
		"the packets cannot have come from the client that made the others", "a client that gives up sends the same packet"},
	"load_balancer": {"a load balancer or another node behind the same address does not know the connection",
		"what was seen is beyond what a second node behind the address does", "it answers for the server, with hops and counters of its own"},
	"policy_of_the_far_end": {"the far end turns this client, name or protocol away by its own rules",
		"what came was not made by the far end", "whoever runs the far end may want this: nothing in the packets shows a third party"},
	"mptcp":            {"one path of a Multipath TCP connection was closed by its own end, which says so (RFC 8684)", "the reset carries no reason of Multipath TCP", "Multipath TCP was in use"},
	"scanner":          {"a port scanner opened it, and its kernel resets what it never asked for", "the SYN is no scanner's", "the SYN looks like a scanner's"},
	"peer_lost_state":  {"the peer no longer knows the connection, as after a restart, and said so when challenged (RFC 5961)", "no challenge was answered by an exact reset", "a peer that restarted resets what it does not know"},
	"rst_text":         {"the sender's stack gives its reason in plain text, as old ones do", "the reset carries no text", "the reset carries text"},
	"tls_alert":        {"a TLS alert had announced the end", "no TLS alert had been sent", "a TLS alert was seen"},
	"after_answer":     {"all questions had been answered, and the connection was not needed any more", "a question was still open", "all questions were answered"},
	"local_firewall":   {"this host's own firewall rejects the connection with a reset or an ICMP error", "this host's kernel did not drop or reset it", "this host's own rules were not seen"},
	"far_end_firewall": {"the far end's own firewall, not somebody between", "the far end is not who answered", "a firewall in front of the server does the same"},

	// Of silence.
	"dead_link": {"the link, this host or the capture was down", "another party's connection of this client went on meanwhile", "nothing else was seen to work meanwhile"},
	"dead_host": {"the host is down, or nobody lives at that address", "the same address answered another connection meanwhile", "nothing else of that address answered"},
	"dead_server": {"the server is down or hangs since it accepted the connection", "the same address answered another connection meanwhile, or acknowledged a part of this one",
		"nothing else of that address was answered meanwhile: an outage of the service itself looks the same"},
	"far_end_filter": {"the far end ignores this client or this name by its own rules", "the far end answered", "a filter in front of the server swallows the same packet"},
	"far_end_cut":    {"the far end itself stops sending, by its own rules or fault", "the far end went on", "a server that stops after so much looks the same"},
	"wrong_route":    {"the address is not reached for a fault of routing", "the address was reached", "a routing fault swallows a SYN as a filter does"},
	"mtu": {"the path is too narrow and swallows large packets in silence (an MTU black hole)",
		"packets small enough for every path were not answered either, or full-size ones had passed", "no small packet went unanswered: a path that swallows large ones looks the same"},
	"zero_window":             {"the receiver had no room and had told the sender to wait", "the window was open", "the receiver's window was closed"},
	"far_end_policy":          {"the far end's operator prohibits it", "the error came from elsewhere", "the router that answers may stand in front of the far end and serve it"},
	"own_policy":              {"a device of this network prohibits it, on purpose", "the error came from beyond this network", "nothing places the device beyond this network"},
	"udp443_policy":           {"this network passes no QUIC at all", "other QUIC passed meanwhile", "no QUIC was seen to pass"},
	"own_network":             {"a device of this network answers beside the resolver", "the resolver lies beyond this network", "the resolver lies in this network"},
	"ice_pruning":             {"the call chose another path and left this one", "no path of the call went on", "another path may have been chosen"},
	"port_exhaustion":         {"the carrier's NAT ran out of ports for this client", "new connections to others opened meanwhile", "a NAT that is full drops new connections alike"},
	"server_hang":             {"the server takes its time", "it was given long enough", "a server that hangs acknowledges and says nothing, too"},
	"slow_server":             {"the server is slow or overloaded and has not come to it", "other connections to it were quick meanwhile", "a server that is slow acknowledges and says nothing, too"},
	"outage":                  {"the service itself is down", "something of the same owner worked meanwhile", "all of one owner failing looks like an outage of its own"},
	"maintenance":             {"the server's operator drops connections while it is being worked on", "the same server took other connections", "the operator may have closed it"},
	"client_gave_up":          {"the client did not wait any longer", "the client went on sending", "the client may have lost interest"},
	"no_packet_to_show":       {"the packets were dropped before the tap: the kernel's word stands alone", "the packets were captured", "the packets were dropped before the tap, so that none can be opened"},
	"rate_limited_icmp":       {"the router answers only some of the packets", "every packet had its answer", "routers limit the errors they send"},
	"congestion":              {"the path is overloaded", "others passed without loss meanwhile", "others were not seen meanwhile"},
	"random_loss":             {"the path loses packets at random", "the losses follow the fill of a token bucket, which random ones do not", "random losses fit as well"},
	"full_queue":              {"a queue ran full, as on any busy link", "the delay did not rise before the losses", "the delay rose before some losses, or was not measured"},
	"shared_bucket":           {"the limit is on all of the subscriber's traffic, not on this flow", "one flow ran alone", "other flows ran meanwhile and may share the limit"},
	"hidden_traffic":          {"traffic that was not captured, or not followed, drains the same bucket", "one bucket accounts for all that was seen, at one rate", "traffic that was not followed may drain the same bucket"},
	"policer":                 {"a token bucket that drops what exceeds its rate", "the losses do not follow a bucket", "a bucket fits, other causes do as well"},
	"shaper":                  {"a queue that delays what exceeds its rate", "the delay did not rise", "a shaper fits as well"},
	"slow_line":               {"the client's own line gives no more", "another transfer of the client got more meanwhile", "nothing of the client was seen to get more meanwhile"},
	"receiver_window":         {"the receiver lets no more be under way", "less was under way than the receiver's window allows", "the receiver's window was not seen"},
	"sender_pace":             {"the sender has no more to send, or keeps to a pace of its own", "the sender filled a queue", "a sender that keeps a pace looks the same"},
	"far_server":              {"the server is far, and each round trip takes its time", "its data waited in a queue, whatever the distance", "how far the server is does not show"},
	"far_end":                 {"the far end's own line or program gives no more", "the far end gave more to others", "a queue at the far end looks the same"},
	"competing_transfer":      {"another transfer of the client takes its part", "the others took little meanwhile", "what others took was not seen"},
	"damaged":                 {"the packet was damaged on its way", "its checksum is right", "its checksum is wrong"},
	"no_socket":               {"no program of this host listens there", "a program listens there", "it is not known whether a program listens there"},
	"damaged_on_the_path":     {"it was damaged on the path, before this host", "its checksum is right", "where it was damaged does not show"},
	"offload_fault":           {"the network card of this host reports a wrong checksum", "the card's word agrees with the packet", "the card's fault looks the same"},
	"active_queue_management": {"a queue drops early to keep its delay low", "the losses come without a queue before them", "early drops fit as well"},

	// Of QUIC and calls.
	"server_without_quic":    {"the server speaks no QUIC, or not any more", "the same address answered QUIC under another name", "nothing else over QUIC was answered by that address"},
	"udp_policy":             {"this network passes no UDP but names, time and the web", "UDP of this client to another party was answered meanwhile", "no UDP on such ports was seen to be answered"},
	"port_policy":            {"this network passes no UDP to the ports of these relays", "UDP to the same ports was answered", "nothing was answered on the same ports"},
	"dead_relays":            {"all relays of the call are down", "the relays answer something else", "relays that are all down are as silent"},
	"dead_relay":             {"the relay went down", "the path to the far end went on answering", "a relay that goes down falls as silent"},
	"service_down":           {"the service itself is down", "the service's other servers worked meanwhile", "nothing of the service was seen to work meanwhile"},
	"hung_up":                {"the call is over", "the caller went on sending media for seconds", "the caller sent little any more"},
	"muted_callee":           {"the callee is muted and sends nothing at all", "nothing else came from the far end either", "a callee that sends neither voice nor reports looks the same"},
	"callee_lost_connection": {"the callee's own connection broke", "the callee went on being heard", "what happened on the callee's side does not show here"},
	"callee_away":            {"the callee has not taken the call yet", "the callee's media came", "a callee that is not ready leaves hellos unanswered, too"},
	"callee_link":            {"the other party's own link is bad, or the path beyond the relay", "the other party's link was seen to be good", "what is lost before the relay is missing behind it, too"},
	"path_loss":              {"the client's link or path loses packets of everything alike", "the client's other traffic passed meanwhile, and hardly anything of it was lost", "too little else passed meanwhile, or it was lost as well"},
	"own_queue":              {"the client's own line was full, and the call waited in its queue", "round trips stayed short", "round trips rose meanwhile"},
	"silence_of_sender":      {"the other party said nothing, and its codec sent nothing", "it had not grown quiet before, and went on as before", "it had grown quiet before"},
	"camera_off":             {"the camera was turned off", "the numbers go on: the pictures were sent, and did not come", "no numbers tell what was sent"},
	"encoder_adapts":         {"the sender's encoder made do with less", "the numbers go on: what was sent before is sent still", "no numbers tell what was sent"},
	// Of answers in the clear.
	"retransmission":      {"the same answer was sent again", "the bytes differ", "the same bytes came again"},
	"keepalive":           {"an old byte was sent to see whether the other side is there (RFC 1122 section 4.2.3.6)", "more than one byte differs", "a single old byte is what such a probe carries"},
	"proxy":               {"a proxy on the way answers in the server's place, with its owner's knowledge", "a proxy gives one answer, and both were sent", "one answer came: a proxy gives that, too"},
	"rewriting_middlebox": {"a device rewrites what passes, and an unchanged copy slipped by", "the two differ in more than what such devices rewrite", "both may be the one answer, before and after it was rewritten"},

	// Of lists.
	"outage_of_one_owner": {"one company's servers are down", "what fails belongs to several owners", "all that fails belongs to one owner"},
	"vpn_kill_switch":     {"a program of this host blocks all but its tunnel while that is down", "no tunnel of this host is among what works", "such a program leaves only a few destinations, too"},
	"first_hop_firewall":  {"the first router, or a firewall beside it, lets only some destinations through", "what was dropped got beyond the first hop", "a firewall of the user's own network lets only listed destinations through, too"},

	// Of DNS.
	"own_resolver":      {"the resolver is this network's own, whoever runs it decides", "the resolver is a public one beyond this network", "the resolver is this network's own"},
	"no_such_name":      {"the name does not exist", "the name is known to exist", "the name may be gone"},
	"captive_portal":    {"a portal answers every name with its own address until one has signed in", "other names got their own addresses", "every name got the same address"},
	"query_copies":      {"the client asked twice, and each copy had its answer", "more different answers came than copies of the question were sent", "as many copies were sent as answers came"},
	"mirror":            {"the capture has the same answer twice", "the answers differ", "the answers are alike"},
	"resolver_policy":   {"the resolver's operator filters by choice or by order", "another transport to the same resolver says otherwise", "who runs the resolver may do this on purpose: the packets name no one"},
	"resolver_upstream": {"the resolver passes on what it was told further up", "the resolver answers by itself", "what the resolver was told is not in this capture"},
	"dead_resolver":     {"the resolver is down or not reached", "the resolver answered other questions meanwhile", "the resolver was not seen to answer anything meanwhile"},
	"dead_zone":         {"the name's own servers do not answer the resolver", "another resolver has an answer", "a resolver that waits for the name's own servers is silent, too"},
	"local_policy":      {"this network's own resolver or proxy answers so on purpose", "the resolver lies beyond this network", "a device of this network may answer so"},
	"honest_proxy":      {"a proxy passes questions on to another resolver, and says the truth of every name", "it was heard to say what is not so", "its answers were true as far as was seen"},
	"cdn_answers":       {"a name has several addresses, given out by turns or by place", "the addresses cannot all be the name's owner's", "several sets of addresses are ordinary for such names"},
}

// CauseOf returns the sentences of a code, and whether there are any. Codes that
// begin with local_ are the kernel's own names for why this host drops.
func CauseOf(code string) (Cause, bool) {
	if c, ok := causes[code]; ok {
		return c, true
	}
	if reason, ok := strings.CutPrefix(code, "local_"); ok {
		return Cause{Is: "this host's own kernel dropped it (" + strings.ToUpper(reason) + ")",
			Excluded: "this host's kernel did not", Open: "this host's kernel may have"}, true
	}
	return Cause{}, false
}

// blind has a sentence for every code of what could not be seen.
var blind = map[string]string{
	"midstream":       "the flow had begun before the capture did: its handshake was not seen",
	"one_way":         "only one direction was captured: an answer would not be seen",
	"snaplen":         "the capture cut the packets short: what lay behind was not seen",
	"capture_gap":     "the capture itself missed packets of this flow: an end acknowledges what is not in the file",
	"capture_loss":    "the capture lost packets",
	"evicted":         "the flow was forgotten for lack of memory before its end",
	"capture_ended":   "the capture ends while the question is open: its end is not silence",
	"clock_step":      "capture time stepped back: waiting times cannot be trusted",
	"kernel_drops":    "the capture reports that it lost packets",
	"synthetic":       "the recorder made the headers up: acknowledgements and hops are not the network's",
	"no_rtt":          "no clean round trip was measured: what is too early for the path cannot be told",
	"truncated":       "the file breaks off within this flow",
	"host_filter":     "only what matches a filter was looked at: what works beside it may be missing",
	"no_control":      "nothing of another party was seen to work meanwhile: a dead link, host or server looks the same",
	"local_drop":      "this host's own kernel dropped packets of the flow",
	"server_tap":      "taken at the server: it was reached, and kept silent itself",
	"mtu":             "no small packet went unanswered: a path that swallows large ones looks the same",
	"no_quic_control": "no QUIC of this client was answered by anybody: a network without QUIC looks the same",
	"unwitnessed":     "nobody was seen to get through meanwhile",
	"idle_timeout":    "the flow had paused for long before: a NAT that forgot it looks the same",
	"own_end":         "what is lost behind the tap is lost within the host that was captured: its inside was not seen",
	"good_bye":        "both ends were closing: what is owed then may never be asked for",
	"no_witness":      "nobody was heard to say otherwise",
	"local_reset":     "this host's own kernel sent the reset",
	"queue_unseen":    "no round trips on the way of the data: whether they waited in a queue cannot be seen",
}

// BlindText returns the sentence of what could not be seen, and whether there is
// one.
func BlindText(code string) (string, bool) {
	s, ok := blind[code]
	return s, ok
}
