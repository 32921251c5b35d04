module github.com/trueup/trueup

go 1.26.0
