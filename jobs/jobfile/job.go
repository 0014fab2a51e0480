package jobfile

// Job is a job file. Field docs, defaults and choices are struct tags, so that the reference, the JSON Schema and the
// checks can't drift apart.
type Job struct {
	Name     string   `yaml:"name" doc:"Name of the job, shown in logs and reports." default:"lacuna"`
	Kind     string   `yaml:"kind" doc:"What a row is: tabular learns a token per column; standard is the classic autoencoder of one dense vector." default:"tabular" enum:"tabular,standard"`
	Seed     int      `yaml:"seed" doc:"Of every random draw. The same job, input and seed give the same bytes." default:"17" min:"0"`
	Input    Input    `yaml:"input" doc:"What to read."`
	Model    Model    `yaml:"model" doc:"Where the model is, and its size."`
	Tabular  Tabular  `yaml:"tabular" doc:"Options of kind tabular."`
	Standard Standard `yaml:"standard" doc:"Options of kind standard."`
	Train    Train    `yaml:"train" doc:"How to train."`
	Apply    Apply    `yaml:"apply" doc:"What to compute of each row."`
	Output   Output   `yaml:"output" doc:"Where results go."`
	Runtime  Runtime  `yaml:"runtime" doc:"Resources. Nothing here changes a result."`
	S3       S3       `yaml:"s3" doc:"How S3 is reached. Left out, the AWS SDK's default chain decides."`
}

// Input is the data.
type Input struct {
	URI           []string          `yaml:"uri" doc:"A Parquet file, a folder, a glob, a root of Hive partitions (day=…/), local or s3://, or a list of these." required:"true"`
	ID            []string          `yaml:"id" doc:"Columns that name a row: copied to every output row, never learned from."`
	Ignore        []string          `yaml:"ignore" doc:"Columns to leave out: labels, free text, what must not be learned."`
	Columns       map[string]string `yaml:"columns" doc:"How to read a column where the inferred reading is wrong." enum:"numeric,categorical,boolean,time,ignore"`
	MaxCategories int               `yaml:"max_categories" doc:"Categories kept for a column; rarer values become one more, other." default:"128" min:"2" max:"10000"`
}

// Model is the model's place and size.
type Model struct {
	URI          string `yaml:"uri" doc:"Folder of the model: read if it is there, written after training." required:"true"`
	Size         string `yaml:"size" doc:"Preset of the fields below: tiny, small, base or large." default:"small" enum:"tiny,small,base,large"`
	Dim          int    `yaml:"dim" doc:"Width of the encoder, and of the embedding." min:"1" max:"8192"`
	Depth        int    `yaml:"depth" doc:"Blocks of the encoder." min:"1" max:"64"`
	Heads        int    `yaml:"heads" doc:"Attention heads of the encoder; dim must be a multiple." min:"1" max:"64"`
	DecoderDim   int    `yaml:"decoder_dim" doc:"Width of the decoder." min:"1" max:"8192"`
	DecoderDepth int    `yaml:"decoder_depth" doc:"Blocks of the decoder." min:"1" max:"64"`
	DecoderHeads int    `yaml:"decoder_heads" doc:"Attention heads of the decoder; decoder_dim must be a multiple." min:"1" max:"64"`
}

// Tabular are the options of kind tabular.
type Tabular struct {
	Pool string `yaml:"pool" doc:"How a row's tokens become its embedding: their mean, or the row's own token alone." default:"mean" enum:"mean,cls"`
}

// Standard are the options of kind standard.
type Standard struct {
	Layers     []int `yaml:"layers" doc:"Widths of the encoder's layers; the decoder mirrors them." default:"[128, 64]" min:"1" max:"65536"`
	Bottleneck int   `yaml:"bottleneck" doc:"Dimensions of the embedding." default:"16" min:"1" max:"65536"`
}

// Train is how to train.
type Train struct {
	Epochs            int     `yaml:"epochs" doc:"Passes over the training rows, at most." default:"60" min:"1" max:"100000"`
	Rows              int     `yaml:"rows" doc:"Rows to learn from, about so many, drawn evenly from all; 0 takes every row." default:"0" min:"0" max:"1000000000000"`
	BatchRows         int     `yaml:"batch_rows" doc:"Rows of a step; 0 chooses by the number of rows." default:"0" min:"0" max:"1000000"`
	MaskRatio         float64 `yaml:"mask_ratio" doc:"Share of a row's cells that training hides." default:"0.5" min:"0.01" max:"0.95"`
	LearningRate      float64 `yaml:"learning_rate" doc:"Peak learning rate, after warm-up; it falls to zero along a cosine." default:"0.001" min:"1e-9" max:"10"`
	WeightDecay       float64 `yaml:"weight_decay" doc:"AdamW's decoupled weight decay. Kind standard uses plain Adam, without." default:"0.05" min:"0" max:"10"`
	Warmup            float64 `yaml:"warmup" doc:"Share of all steps in which the learning rate rises." default:"0.1" min:"0" max:"0.9"`
	ClipNorm          float64 `yaml:"clip_norm" doc:"Gradients longer than this are scaled down to it; 0 turns it off." default:"1" min:"0" max:"1e9"`
	Validation        float64 `yaml:"validation" doc:"Share of rows held out to judge the model, at most 20,000 rows." default:"0.1" min:"0" max:"0.9"`
	CheckpointMinutes float64 `yaml:"checkpoint_minutes" doc:"Minutes between checkpoints, from which an interrupted training goes on; 0 writes one only when asked to stop. Changes no result." default:"5" min:"0" max:"100000"`
	Patience          int     `yaml:"patience" doc:"Epochs without a better validation loss before training stops; 0 never stops early." default:"8" min:"0" max:"100000"`
}

// Apply is what to compute.
type Apply struct {
	Outputs  []string `yaml:"outputs" doc:"Columns to write beside the ids." default:"[embedding, score]" enum:"embedding,score,column_scores,restored,segment"`
	Masks    int      `yaml:"masks" doc:"Masks that a score is averaged over, rounded up so that each cell is hidden equally often." default:"8" min:"1" max:"1000"`
	Segments int      `yaml:"segments" doc:"Clusters for the output segment." default:"8" min:"2" max:"1000"`
	PartRows int      `yaml:"part_rows" doc:"Rows of a part file, at least; parts are whole row groups of the input." default:"1000000" min:"1" max:"1000000000"`
}

// Output is where results go.
type Output struct {
	URI string `yaml:"uri" doc:"Folder of the export; it must be empty, or hold this job's own." required:"true"`
}

// Runtime is what the job may use.
type Runtime struct {
	Device  string `yaml:"device" doc:"auto and cpu run on the CPU, the only device of this version." default:"auto" enum:"auto,cpu"`
	Threads int    `yaml:"threads" doc:"CPU cores to use; 0 for all." default:"0" min:"0" max:"1024"`
	Memory  Bytes  `yaml:"memory" doc:"Memory to stay within, such as 512MiB or 4GiB." default:"4GiB" min:"67108864"`
}

// S3 is how S3 is reached.
type S3 struct {
	Region     string `yaml:"region" doc:"AWS region."`
	Endpoint   string `yaml:"endpoint" doc:"URL of an S3-compatible server."`
	PathStyle  bool   `yaml:"path_style" doc:"Address buckets as paths, as most S3-compatible servers need." default:"false"`
	Encryption string `yaml:"encryption" doc:"Server-side encryption of what is written: AES256 is SSE-S3, aws:kms SSE-KMS; bucket leaves it to the bucket." default:"bucket" enum:"bucket,AES256,aws:kms"`
	KMSKey     string `yaml:"kms_key" doc:"Id or ARN of the key for aws:kms; left out, the bucket's own."`
	Anonymous  bool   `yaml:"anonymous" doc:"Use no credentials: public buckets." default:"false"`
}
