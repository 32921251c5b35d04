// Package check holds what is deployed in containers against the code of those
// who read it: compose-go, buildkit's parser of Dockerfiles, kustomize, the types
// and the pod security standards of Kubernetes. It is a module of its own, so that
// the worker does not depend on any of them: make deploy-check runs it.
package check
