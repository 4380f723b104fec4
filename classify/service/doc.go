// Package service says who is talking: it compiles rule files into matchers and
// labels flows by name, address and port, with the reasons.
//
// Facts are in services/*.yaml, one file per service, and in lists/*.yaml what
// belongs to no single service: sources, owners, resolvers, names that exist for
// certain, outer names of encrypted hellos. compiled.json is made of them and is
// what the program carries. The schema is in schema.go; users add files of the same
// schema. How evidence adds up is in classify.go and votes.go, the weights in
// score.go.
package service
