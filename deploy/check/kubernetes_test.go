package check

import (
	"bytes"
	"path/filepath"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// built is what kubectl apply -k would send, each document read by the type of
// its kind with no field unknown.
func built(t *testing.T) map[string][]any {
	t.Helper()
	all, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), filepath.Join("..", "kubernetes"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]any{}
	for _, r := range all.Resources() {
		b, err := r.AsYAML()
		if err != nil {
			t.Fatal(err)
		}
		var v any
		switch kind := r.GetApiVersion() + " " + r.GetKind(); kind {
		case "apps/v1 StatefulSet":
			v = new(appsv1.StatefulSet)
		case "v1 Service":
			v = new(corev1.Service)
		case "v1 Namespace":
			v = new(corev1.Namespace)
		case "v1 ConfigMap":
			v = new(corev1.ConfigMap)
		case "networking.k8s.io/v1 NetworkPolicy":
			v = new(networkingv1.NetworkPolicy)
		case "policy/v1 PodDisruptionBudget":
			v = new(policyv1.PodDisruptionBudget)
		default:
			t.Fatalf("%s is of a kind that is not checked", kind)
		}
		if err := yaml.UnmarshalStrict(bytes.TrimSpace(b), v); err != nil {
			t.Errorf("%s %s: %v", r.GetKind(), r.GetName(), err)
		}
		if r.GetKind() != "Namespace" && r.GetNamespace() != "trueup" {
			t.Errorf("%s %s is in namespace %q", r.GetKind(), r.GetName(), r.GetNamespace())
		}
		out[r.GetKind()] = append(out[r.GetKind()], v)
	}
	return out
}

func TestKubernetes(t *testing.T) {
	all := built(t)
	for _, kind := range []string{"StatefulSet", "Service", "Namespace", "ConfigMap", "NetworkPolicy", "PodDisruptionBudget"} {
		if len(all[kind]) != 1 {
			t.Fatalf("%d of kind %s, want one", len(all[kind]), kind)
		}
	}
	s := all["StatefulSet"][0].(*appsv1.StatefulSet)
	if *s.Spec.Replicas != 1 {
		t.Errorf("%d workers, want one", *s.Spec.Replicas)
	}
	c := s.Spec.Template.Spec.Containers[0]
	for name, p := range map[string]*corev1.Probe{"/healthz": c.LivenessProbe, "/readyz": c.ReadinessProbe} {
		if p == nil || p.HTTPGet == nil || p.HTTPGet.Path != name || p.HTTPGet.Scheme != corev1.URISchemeHTTPS {
			t.Errorf("probe %+v, want %s over TLS", p, name)
		}
	}
	mounts := map[string]bool{}
	for _, v := range s.Spec.Template.Spec.Volumes {
		mounts[v.Name] = true
		if v.ConfigMap != nil && v.ConfigMap.Name != all["ConfigMap"][0].(*corev1.ConfigMap).Name {
			t.Errorf("the plan is of ConfigMap %s, which is not made", v.ConfigMap.Name)
		}
	}
	for _, v := range s.Spec.VolumeClaimTemplates {
		mounts[v.Name] = true
	}
	for _, m := range c.VolumeMounts {
		if !mounts[m.Name] {
			t.Errorf("volume %s is mounted and not there", m.Name)
		}
	}
	for _, selector := range []map[string]string{
		s.Spec.Selector.MatchLabels,
		all["Service"][0].(*corev1.Service).Spec.Selector,
		all["PodDisruptionBudget"][0].(*policyv1.PodDisruptionBudget).Spec.Selector.MatchLabels,
		all["NetworkPolicy"][0].(*networkingv1.NetworkPolicy).Spec.PodSelector.MatchLabels,
	} {
		for name, value := range selector {
			if s.Spec.Template.Labels[name] != value {
				t.Errorf("a selector wants %s=%s, the pod has %v", name, value, s.Spec.Template.Labels)
			}
		}
		if len(selector) == 0 {
			t.Error("a selector takes every pod")
		}
	}
}

// The pod passes the strictest of Kubernetes' own standards, which the namespace
// asks for.
func TestPodIsRestricted(t *testing.T) {
	s := built(t)["StatefulSet"][0].(*appsv1.StatefulSet)
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	level := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	verdict := func() policy.AggregateCheckResult {
		return policy.AggregateCheckResults(evaluator.EvaluatePod(level, &s.Spec.Template.ObjectMeta, &s.Spec.Template.Spec))
	}
	if v := verdict(); !v.Allowed {
		t.Errorf("the pod is refused: %s", v.ForbiddenDetail())
	}
	*s.Spec.Template.Spec.Containers[0].SecurityContext.AllowPrivilegeEscalation = true
	if verdict().Allowed {
		t.Error("a pod that may gain privileges is let in: nothing is checked")
	}
}
