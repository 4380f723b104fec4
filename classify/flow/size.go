package flow

import "reflect"

// sizeof returns the size of a type without importing unsafe.
func sizeof[T any]() uintptr { return reflect.TypeFor[T]().Size() }
