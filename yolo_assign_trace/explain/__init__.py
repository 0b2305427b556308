"""Why a box or an anchor ended as it did: answers from the tensors of a finished trace. Needs no torch."""
