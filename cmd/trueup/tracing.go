package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/trueup/trueup/internal/field"
	"github.com/trueup/trueup/internal/observe"
)

// tracesTo is where traces are to be sent by OpenTelemetry's own environment
// variables; empty: nowhere, and nothing is traced.
func tracesTo(e env) (string, error) {
	if strings.EqualFold(e.getenv("OTEL_SDK_DISABLED"), "true") || e.getenv("OTEL_TRACES_EXPORTER") == "none" {
		return "", nil
	}
	url := e.getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
	if all := e.getenv("OTEL_EXPORTER_OTLP_ENDPOINT"); url == "" && all != "" {
		url = strings.TrimSuffix(all, "/") + "/v1/traces"
	}
	protocol := cmp.Or(e.getenv("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"), e.getenv("OTEL_EXPORTER_OTLP_PROTOCOL"), "http/protobuf")
	if url != "" && protocol != "http/protobuf" {
		return "", fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL %q: traces are sent by http/protobuf only", protocol)
	}
	return url, nil
}

// tracesWait bounds how long a stop waits for the last traces to be sent.
const tracesWait = 3 * time.Second

// openTraces begins to follow inputs that belong to a trace, if that is wanted.
func (w *worker) openTraces(ctx context.Context, e env) error {
	url, err := tracesTo(e)
	if err != nil || url == "" {
		return err
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(url))
	if err != nil {
		return fmt.Errorf("OTEL_EXPORTER_OTLP_ENDPOINT: %w", err)
	}
	about, err := resource.Merge(resource.NewSchemaless(
		attribute.String("service.name", "trueup"), attribute.String("service.version", version()), attribute.String("tenant", w.cfg.tenant),
	), resource.Environment())
	if err != nil {
		return fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(about))
	w.closers = append(w.closers, func() error {
		ctx, cancel := context.WithTimeout(context.Background(), tracesWait)
		defer cancel()
		_ = provider.Shutdown(ctx) // traces that cannot be sent are no failure of the worker
		return nil
	})
	var told atomic.Bool
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		if told.CompareAndSwap(false, true) {
			w.log.Warn().Err(err).Msg("traces cannot be sent; this is said once")
		}
	}))
	w.watched.Traces = observe.NewTraces(provider)
	w.log.Info().Str(field.URL, url).Msg("events that belong to a trace are followed")
	return nil
}
