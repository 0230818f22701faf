
/* The version of the module and its tools. */


#ifndef _SV_VERSION_H_INCLUDED_
#define _SV_VERSION_H_INCLUDED_


#define SV_VERSION  "0.1.0"


#endif /* _SV_VERSION_H_INCLUDED_ */
