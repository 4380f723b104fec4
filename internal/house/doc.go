// Package house holds the project to its plan: which package may lean on which,
// who may read the wall clock, and how large a file may grow. Its test reads
// the tree as it is and fails on what breaks a law; nothing imports it.
//
// Laws are written down where they are checked: arrows between packages in
// [Arrows], rules for source text in [Rules]. A law that binds no package is an
// error too, so that a renamed folder cannot slip out of its law.
package house
