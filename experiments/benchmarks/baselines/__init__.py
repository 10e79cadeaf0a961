"""The same market written three more times, each as its best advocate would write it by hand."""
