"""How what comes with vecbench was made. It is tested with the package and is no part of it."""
