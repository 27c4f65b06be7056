// Built in a copy of the module, with add/ laid over it: what its program embeds is in no module.
module toolchain/flux

go 1.26.0

tool github.com/fluxcd/flux2/v2/cmd/flux

require github.com/fluxcd/flux2/v2 v2.9.5
