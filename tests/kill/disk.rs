//! A disk that is full: said clearly, nothing half-loaded, and all is well when there is space again.
