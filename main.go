// Lacuna trains masked autoencoders on Parquet datasets and writes embeddings, scores, restored values and segments back
// as Parquet. This file is the command line; nothing else.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"github.com/lacuna-ml/lacuna/arrowio/storage"
	"github.com/lacuna-ml/lacuna/jobs"
	"github.com/lacuna-ml/lacuna/jobs/jobfile"
	"github.com/lacuna-ml/lacuna/jobs/progress"
	"github.com/lacuna-ml/lacuna/runners"
)

func main() { os.Exit(run(os.Args[1:])) }

// run is the program with its arguments; it returns the exit code.
func run(args []string) int {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectPercent)
	}
	c := &commands{code: jobs.ExitDone}
	root := c.root()
	root.SetArgs(args)
	if err := root.Execute(); err != nil {
		fmt.Fprintf(os.Stderr, "lacuna: %v\n", err)
		return jobs.ExitInvalid
	}
	return c.code
}

// collectPercent makes the garbage collector run half as often as Go's 100 does. What lives long is small beside what passes
// through, so that this costs little memory, and runtime.memory still bounds the heap.
const collectPercent = 200

// commands holds the common flags and the exit code of the command that ran.
type commands struct {
	file     string
	settings []string
	threads  int
	device   string
	log      string
	quiet    bool
	json     bool
	output   string
	shard    string
	bench    jobs.BenchOptions
	code     int
}

func (c *commands) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "lacuna",
		Short: "Masked autoencoders over Parquet datasets: embeddings, scores, restored values, segments",
		Long: `Lacuna reads a Parquet dataset, local or on S3, trains a masked autoencoder on it, and writes
embeddings, reconstruction scores, restored values and segments back as Parquet.

Exit codes: 0 done; 1 failed and a retry may help; 2 the job file, the schema or the data is
wrong and a retry won't help; 3 interrupted, run it again. The last line on stdout is the result as JSON.`,
		Version: jobs.Version, SilenceUsage: true, SilenceErrors: true,
	}
	flags := root.PersistentFlags()
	flags.StringArrayVar(&c.settings, "set", nil, "set a field of the job: path=value, such as train.epochs=10 (repeatable)")
	flags.IntVar(&c.threads, "threads", 0, "CPU cores to use (default all)")
	flags.StringVar(&c.device, "device", "", "auto or cpu")
	flags.StringVar(&c.shard, "shard", "", "apply one of several shards of the input: I/N, from 0/N (default from AWS Batch's or Kubernetes' environment)")
	flags.StringVar(&c.log, "log", "text", "log lines where stderr is no terminal: text or json")
	flags.BoolVar(&c.quiet, "quiet", false, "show warnings only")
	root.AddCommand(c.demoCommand(), c.initCommand(), c.planCommand(), c.benchCommand(), c.inspectCommand(), c.schemaCommand(),
		c.jobCommand("run", "train if the model is not there yet, then apply, commit and report", (*jobs.Run).All),
		c.jobCommand("train", "train the model if it is not there yet", (*jobs.Run).Train),
		c.jobCommand("apply", "apply a trained model, commit and report", (*jobs.Run).Apply),
		c.jobCommand("report", "write the HTML report of a finished run again", (*jobs.Run).Report))
	return root
}

// jobCommand is a command that runs stages of a job file.
func (c *commands) jobCommand(name, short string, stages func(*jobs.Run, context.Context) (jobs.Result, error)) *cobra.Command {
	command := &cobra.Command{Use: name + " -f job.yaml", Short: short, Args: cobra.NoArgs,
		RunE: c.local(func(ctx context.Context, p *progress.Progress, _ []string) (any, error) {
			r, err := c.open(p)
			if err != nil {
				return nil, err
			}
			return stages(r, ctx)
		})}
	return c.withFile(command)
}

func (c *commands) withFile(command *cobra.Command) *cobra.Command {
	command.Flags().StringVarP(&c.file, "file", "f", "job.yaml", "the job file")
	return command
}

// open reads the job file and prepares its run.
func (c *commands) open(p *progress.Progress) (*jobs.Run, error) {
	data, err := os.ReadFile(c.file)
	if err != nil {
		return nil, fmt.Errorf("job file: %w: %w; `lacuna init DATASET` writes one", jobs.ErrInvalid, err)
	}
	job, err := jobfile.Parse(c.file, data, c.allSettings())
	if err != nil {
		return nil, err
	}
	shard, err := jobs.ParseShard(c.shard, os.Getenv)
	if err != nil {
		return nil, err
	}
	r, err := jobs.NewRun(job, p)
	if err == nil {
		r.SetShard(shard)
	}
	return r, err
}

// allSettings are --set's and the flags that stand for fields.
func (c *commands) allSettings() []string {
	settings := c.settings
	if c.threads != 0 {
		settings = append(settings, fmt.Sprintf("runtime.threads=%d", c.threads))
	}
	if c.device != "" {
		settings = append(settings, "runtime.device="+c.device)
	}
	return settings
}

// local makes a command's action of work on this machine.
func (c *commands) local(work func(ctx context.Context, p *progress.Progress, args []string) (any, error)) func(*cobra.Command, []string) error {
	return func(command *cobra.Command, args []string) error {
		if c.log != "text" && c.log != "json" {
			return fmt.Errorf("--log can't be %q; it is text or json", c.log)
		}
		l := runners.Local{Stdout: os.Stdout, Stderr: os.Stderr, Quiet: c.quiet, LogJSON: c.log == "json"}
		c.code = l.Run(command.Context(), func(ctx context.Context, p *progress.Progress) (any, error) { return work(ctx, p, args) })
		return nil
	}
}

func (c *commands) demoCommand() *cobra.Command {
	return &cobra.Command{Use: "demo [DIR]", Short: "make a customer dataset, train, export and report: no input, no network, under a minute", Args: cobra.MaximumNArgs(1),
		RunE: c.local(func(ctx context.Context, p *progress.Progress, args []string) (any, error) {
			folder := "lacuna-demo"
			if len(args) > 0 {
				folder = args[0]
			}
			return jobs.Demo(ctx, folder, c.allSettings(), p)
		})}
}

func (c *commands) initCommand() *cobra.Command {
	command := &cobra.Command{Use: "init URI", Short: "look at a dataset and write a commented job file", Args: cobra.ExactArgs(1),
		RunE: c.local(func(ctx context.Context, p *progress.Progress, args []string) (any, error) {
			text, err := jobs.Initialise(ctx, args[0], c.allSettings(), p)
			if err != nil {
				return nil, err
			}
			f, err := os.OpenFile(c.output, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
			if errors.Is(err, os.ErrExist) {
				return nil, fmt.Errorf("job file %s: %w: it exists; choose another with -o", c.output, jobs.ErrInvalid)
			}
			if err != nil {
				return nil, fmt.Errorf("job file: %w: %w", jobs.ErrInvalid, err)
			}
			if _, err := f.WriteString(text); err != nil {
				return nil, errors.Join(err, f.Close())
			}
			return map[string]string{"job_file": filepath.ToSlash(c.output)}, f.Close()
		})}
	command.Flags().StringVarP(&c.output, "output", "o", "job.yaml", "where to write the job file")
	return command
}

func (c *commands) planCommand() *cobra.Command {
	command := &cobra.Command{Use: "plan -f job.yaml", Short: "show what a run would do: columns, sizes, memory, time; touches nothing", Args: cobra.NoArgs,
		RunE: c.local(func(ctx context.Context, p *progress.Progress, _ []string) (any, error) {
			r, err := c.open(p)
			if err != nil {
				return nil, err
			}
			plan, err := r.Plan(ctx)
			if err != nil || c.json {
				return plan, err
			}
			return nil, plan.Write(os.Stdout)
		})}
	command.Flags().BoolVar(&c.json, "json", false, "print the plan as one line of JSON")
	return c.withFile(command)
}

func (c *commands) inspectCommand() *cobra.Command {
	return &cobra.Command{Use: "inspect URI", Short: "show what a model, a dataset or an export contains", Args: cobra.ExactArgs(1),
		RunE: c.local(func(ctx context.Context, _ *progress.Progress, args []string) (any, error) {
			options, err := jobs.StorageOptions(c.allSettings())
			if err != nil {
				return nil, err
			}
			return nil, jobs.Inspect(ctx, storage.New(options), args[0], os.Stdout)
		})}
}

func (c *commands) schemaCommand() *cobra.Command {
	return &cobra.Command{Use: "schema", Short: "print the JSON Schema of job files", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			schema, err := jobfile.Schema()
			if err != nil {
				return err
			}
			_, err = os.Stdout.Write(schema)
			return err
		}}
}

func (c *commands) benchCommand() *cobra.Command {
	command := &cobra.Command{Use: "bench", Short: "measure rows/s of train, embed and score on this machine", Args: cobra.NoArgs,
		RunE: c.local(func(ctx context.Context, _ *progress.Progress, _ []string) (any, error) {
			c.bench.Threads = c.threads
			figures, err := jobs.Bench(ctx, c.bench)
			if err != nil || c.json {
				return figures, err
			}
			return nil, figures.Write(os.Stdout)
		})}
	f, o := command.Flags(), &c.bench
	f.StringVar(&o.Kind, "kind", "tabular", "tabular, standard or vision")
	f.IntVar(&o.Columns, "columns", 32, "columns of the table")
	f.IntVar(&o.ImageSize, "image-size", 224, "pixels of an image's side, for kind vision")
	f.IntVar(&o.PatchSize, "patch-size", 16, "pixels of a patch's side, for kind vision")
	f.IntVar(&o.Channels, "channels", 3, "1 for grey images, 3 for colour, for kind vision")
	f.IntVar(&o.Dim, "dim", 128, "width of the encoder")
	f.IntVar(&o.Depth, "depth", 4, "blocks of the encoder")
	f.IntVar(&o.Heads, "heads", 4, "attention heads of the encoder")
	f.IntVar(&o.DecoderDim, "decoder-dim", 64, "width of the decoder")
	f.IntVar(&o.DecoderDepth, "decoder-depth", 2, "blocks of the decoder")
	f.IntVar(&o.DecoderHeads, "decoder-heads", 4, "attention heads of the decoder")
	f.Float64Var(&o.MaskRatio, "mask-ratio", 0.5, "share of hidden cells")
	f.IntVar(&o.Batch, "batch", 1024, "rows of a step")
	f.Float64Var(&o.Seconds, "seconds", 4, "how long each of the three measurements takes")
	f.BoolVar(&c.json, "json", false, "print the figures as one line of JSON")
	command.AddCommand(c.benchReadCommand())
	return command
}

func (c *commands) benchReadCommand() *cobra.Command {
	command := &cobra.Command{Use: "read URI", Short: "measure rows/s of reading a dataset into Arrow record batches", Args: cobra.ExactArgs(1),
		RunE: c.local(func(ctx context.Context, _ *progress.Progress, args []string) (any, error) {
			options, err := jobs.StorageOptions(c.allSettings())
			if err != nil {
				return nil, err
			}
			threads := c.threads
			if threads == 0 {
				threads = runtime.GOMAXPROCS(0)
			}
			figures, err := jobs.BenchRead(ctx, storage.New(options), args[0], threads, time.Duration(c.bench.Seconds*float64(time.Second)))
			if err != nil || c.json {
				return figures, err
			}
			return nil, figures.Write(os.Stdout)
		})}
	f := command.Flags()
	f.Float64Var(&c.bench.Seconds, "seconds", 4, "how long to read over and over")
	f.BoolVar(&c.json, "json", false, "print the figures as one line of JSON")
	return command
}
